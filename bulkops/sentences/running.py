"""About what keeps a command or a run from starting or going on."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES = (
    Entry("env.unknown", "No such environment", "There is no environment “{value}”.", "Choose one of: {extra}."),
    Entry(
        "env.address",
        "Address not allowed",
        "{value} cannot be used as EnergyCAP's address.",
        "Type an address that begins with https://. For practice on this computer, http://127.0.0.1 or http://localhost will do.",
    ),
    Entry(
        "key.missing",
        "No key",
        "There is no API key for {value} on this computer.",
        "Store the API key of your EnergyCAP user, and run again. It is not shown while you type it.",
        typed="bulkops key set --env NAME, or the variable BULKOPS_API_KEY",
    ),
    Entry(
        "key.shape",
        "Not a key",
        "That is not a key: it holds blanks or characters that a key cannot have.",
        "Copy the key once more, without blanks, quotes or line ends.",
    ),
    Entry(
        "key.store",
        "Key cannot be stored safely",
        "This computer has no safe place for a key ({value}).",
        "Ask IT to switch on this computer's credential store. Until then bulkops takes the key from the variable BULKOPS_API_KEY.",
    ),
    Entry(
        "key.fixed",
        "Practice needs no key",
        "The practice environment has a key of its own.",
        "Practise without a key, or choose another environment.",
    ),
    Entry(
        "me.refused",
        "Key or permission refused",
        "{value} did not accept the key ({words}). Nothing was sent.",
        "Ask your EnergyCAP administrator: the key does not work there, or its owner lacks the permission.",
        typed="bulkops key test --env NAME",
    ),
    Entry(
        "me.not_reached",
        "EnergyCAP was not reached",
        "{value} was not reached ({words}). Nothing was sent.",
        "Check your network and the address, then run again.",
    ),
    Entry(
        "me.odd",
        "Something else answered",
        "{value} answered, but not as EnergyCAP does ({words}). Nothing was sent.",
        "Check the address, and run again later: a sign-in page or maintenance may stand in between.",
    ),
    Entry(
        "run.question",
        "No answer to the question",
        "Nothing was sent: there is nobody here to confirm the run.",
        "Run it where somebody can say yes.",
        typed="--yes",
    ),
    Entry("run.declined", "Not confirmed", "Nothing was sent, as you wished.", "Run it when you are ready."),
    Entry(
        "run.invalid",
        "Rows need fixing",
        "Rows that need fixing: {value}. So nothing was sent, as you wished.",
        "Correct them, or run the good rows without them.",
        typed="leave out --all-or-nothing",
    ),
    Entry(
        "run.busy",
        "Another run is going on",
        "Another run is under way on this computer ({value}).",
        "Wait until it has ended, then run again.",
    ),
    Entry(
        "workbook.busy",
        "Somebody is running this workbook",
        "{path} is being run at the moment ({value}). Nothing was sent.",
        "Wait until that run has ended, then run it again: two runs at once could send a row twice.",
    ),
    Entry(
        "run.not_found",
        "No such run",
        "There is no run {value} in the history.",
        "Choose a run that is in the history.",
        typed="bulkops history",
    ),
    Entry(
        "run.nothing_left",
        "Nothing left to finish",
        "No run is waiting to be finished.",
        "Run the workbook, or look for an earlier run in the history.",
        typed="bulkops run WORKBOOK, or bulkops history",
    ),
    Entry(
        "ledger.guard",
        "A second send was prevented",
        "A row was about to be sent a second time: {value}. It was not sent.",
        "Run the workbook again: nothing is wrong with it. If this comes back, report it to whoever looks after bulkops.",
    ),
    Entry(
        "ledger.damaged",
        "The record of what was sent is damaged",
        "The record of what was sent ({path}) is damaged. Nothing was sent.",
        "Put it back from a backup, and keep the damaged file: without its record, rows that are done would be sent again.",
    ),
    Entry(
        "ledger.gone",
        "The record of what was sent is gone",
        "The record of what was sent ({path}) is gone, but {value} beside it shows that there was one. Nothing was sent.",
        "Put it back, from a backup if need be: without it, rows that are done would be sent again. Only if you are sure that you want a new one, delete {value}.",
    ),
    Entry(
        "run.followed",
        "The workbook was run since",
        "The workbook of run {value} was run again since ({extra}). What is left of the older run may be outdated. Nothing was sent.",
        "Run the workbook itself: rows that are done are not sent twice.",
    ),
    Entry(
        "ledger.unusable",
        "The record of what was sent cannot be used",
        "The record of what was sent ({path}) cannot be used: {value}. Nothing more is sent.",
        "Free some disk space and make sure that you may write there. Do not delete it: it keeps rows from being sent twice.",
    ),
    Entry(
        "home.network",
        "The record of what was sent would be on a network disk",
        "The record of what was sent ({path}) would be on a disk that other computers use too ({value}), and what was sent could be forgotten there. Nothing was sent.",
        "Set the variable BULKOPS_HOME to a folder on this computer's own disk, or ask IT to do it. Move the files of earlier runs there: they keep rows from being sent twice.",
    ),
    Entry(
        "home.synced",
        "The record of what was sent would be in a synced folder",
        "The record of what was sent ({path}) would be in a folder that {value} copies, and what was sent could be forgotten there. Nothing was sent.",
        "Set the variable BULKOPS_HOME to a folder on this computer's own disk that is not copied, or ask IT to do it. Move the files of earlier runs there: they keep rows from being sent twice.",
    ),
    Entry(
        "results.unwritable",
        "Results cannot be written",
        "The results cannot be written to {path}.",
        "Close that file in Excel, or choose another place for the results.",
        typed="--results PATH",
    ),
    Entry("file.exists", "File is there already", "{path} exists already and was not touched.", "Choose another name."),
    Entry(
        "file.unwritable",
        "File cannot be written",
        "{path} cannot be written.",
        "Choose another folder, or close the file in Excel.",
    ),
    Entry(
        "practice.port",
        "Port in use",
        "The practice server cannot use port {value}.",
        "Choose another port, or leave it to bulkops.",
        typed="--port N",
    ),
    Entry(
        "run.bug",
        "An error in bulkops itself",
        "bulkops met an error of its own ({value}) and stopped. Nothing more was sent; what was sent is recorded.",
        "Report it to whoever looks after bulkops, with the file {path}.",
    ),
)
