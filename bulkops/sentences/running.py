"""About what keeps a command or a run from starting or going on."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES = (
    Entry("env.unknown", "No such environment", "There is no environment “{value}”.", "Choose one of: {extra}."),
    Entry(
        "env.address",
        "Address not allowed",
        "{value} cannot be used as EnergyCAP's address.",
        "Use https://…, or http:// with 127.0.0.1 or localhost for practice.",
    ),
    Entry(
        "key.missing",
        "No key",
        "There is no API key for {value} on this computer.",
        "Put it into the variable BULKOPS_API_KEY or, for an environment with a name, run: bulkops key set --env NAME.",
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
        "Put the key into the variable BULKOPS_API_KEY for this session instead.",
    ),
    Entry(
        "key.fixed",
        "Practice needs no key",
        "The practice environment has a key of its own.",
        "Run with --env practice.",
    ),
    Entry(
        "me.refused",
        "Key or permission refused",
        "{value} did not accept the key ({words}). Nothing was sent.",
        "Either the key is not valid there, or its owner lacks permission. Check with: bulkops key test.",
    ),
    Entry(
        "me.not_reached",
        "EnergyCAP was not reached",
        "{value} was not reached ({words}). Nothing was sent.",
        "Check the network and the address, and run again.",
    ),
    Entry(
        "me.odd",
        "Something else answered",
        "{value} answered, but not as EnergyCAP does ({words}). Nothing was sent.",
        "Check the address; a sign-in page or maintenance may stand in between. Try again later.",
    ),
    Entry(
        "run.question",
        "No answer to the question",
        "Nothing was sent: there is nobody here to confirm the run.",
        "Run it in a terminal, or add --yes.",
    ),
    Entry("run.declined", "Not confirmed", "Nothing was sent, as you wished.", ""),
    Entry(
        "run.invalid",
        "Rows need fixing",
        "Some rows need fixing ({value}), so nothing was sent.",
        "Fix them, or run without --all-or-nothing.",
    ),
    Entry(
        "run.busy",
        "Another run is going on",
        "Another run is going on on this computer ({value}).",
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
        "List the runs with: bulkops history.",
    ),
    Entry(
        "run.nothing_left",
        "Nothing left to finish",
        "No run is waiting to be finished.",
        "Run the workbook: bulkops run WORKBOOK. The runs so far are listed by: bulkops history.",
    ),
    Entry(
        "ledger.guard",
        "A second send was prevented",
        "A row was about to be sent a second time: {value}. It was not sent.",
        "Nothing is wrong with your workbook. Run it again; if this comes back, it is a defect of bulkops.",
    ),
    Entry(
        "ledger.damaged",
        "The ledger is damaged",
        "The record of what was sent ({path}) is damaged. Nothing was sent.",
        "Put it back from a backup, and keep the damaged file: without its record, rows that are done would be sent again.",
    ),
    Entry(
        "ledger.gone",
        "The ledger is gone",
        "The record of what was sent ({path}) is gone, but {value} beside it shows that there was one. Nothing was sent.",
        "Put it back, from a backup if need be: without it, rows that are done would be sent again. To begin a new one all the same, remove {value}.",
    ),
    Entry(
        "run.followed",
        "The workbook was run since",
        "The workbook of run {value} was run again since ({extra}). What is left of the older run may be outdated. Nothing was sent.",
        "Run the workbook itself: rows that are done will not be sent twice.",
    ),
    Entry(
        "ledger.unusable",
        "The ledger cannot be used",
        "The record of what was sent ({path}) cannot be used: {value}. Nothing more is sent.",
        "Free some disk space and make sure that you may write there. Do not delete it: it keeps rows from being sent twice.",
    ),
    Entry(
        "home.network",
        "The ledger would be on a network disk",
        "The record of what was sent ({path}) would be on a disk that other computers can write too ({value}). Two of them could write it at the same time, and what was sent could be forgotten. Nothing was sent.",
        "Set BULKOPS_HOME to a folder on this computer's own disk. If this folder holds earlier runs, move its files there: they keep rows from being sent twice.",
    ),
    Entry(
        "home.synced",
        "The ledger would be in a synced folder",
        "The record of what was sent ({path}) would be in a folder that {value} copies. The copying could write it at the same time as a run, and what was sent could be forgotten. Nothing was sent.",
        "Set BULKOPS_HOME to a folder on this computer's own disk that is not copied. If this folder holds earlier runs, move its files there: they keep rows from being sent twice.",
    ),
    Entry(
        "results.unwritable",
        "Results cannot be written",
        "The results cannot be written to {path}. Nothing was sent.",
        "Close the results file in Excel, or name another with --results.",
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
        "Choose another with --port, or leave it out.",
    ),
    Entry(
        "run.bug",
        "An error in bulkops itself",
        "bulkops met an error of its own ({value}) and stopped.",
        "Nothing more was sent; what was sent is recorded. Please report it with the log {path}.",
    ),
)
