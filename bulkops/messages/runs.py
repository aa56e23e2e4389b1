"""About what keeps a command or a run from starting or going on."""

from __future__ import annotations

from bulkops.messages.message import Message


def taken_as_given(things: str) -> str:
    """What practice knows only from the workbook."""
    return (
        f"Practice takes as given what the workbook names: {things}. It makes up what they hold and of what kind they are, "
        "so its counts say nothing about EnergyCAP."
    )


def bringing_up_to_date(percent: int) -> str:
    """How far the record that an earlier version has left is taken over."""
    return f"Bringing the record up to date … {percent} %"


UPDATED_ONCE = "An earlier version has left it. This is done once; a copy of the record as it was is kept beside it."


def rehearsed(sheet: str, row: int, what: str) -> str:
    """Which row meets trouble on purpose."""
    return f"Trouble to rehearse: {sheet}, row {row}, {what}."


def not_rehearsed(row: str, what: str) -> str:
    """Trouble that no row is there for."""
    return f"Trouble not rehearsed, for want of {row}: one that {what}."


MESSAGES = (
    Message("env.unknown", "No such environment", "There is no environment “{value}”.", "Choose one of: {extra}."),
    Message(
        "env.address",
        "Address not allowed",
        "{value} cannot be used as EnergyCAP's address.",
        "Type an address that begins with https://. For practice on this computer, http://127.0.0.1 or http://localhost will do.",
    ),
    Message(
        "key.missing",
        "No key",
        "There is no API key for {value} on this computer.",
        "Store the API key of your EnergyCAP user, and run again. It is not shown while you type it.",
        cli_hint="bulkops key set --env NAME, or the variable BULKOPS_API_KEY",
    ),
    Message(
        "key.shape",
        "Not a key",
        "That is not a key: it holds blanks or characters that a key cannot have.",
        "Copy the key once more, without blanks, quotes or line ends.",
    ),
    Message(
        "key.store",
        "Key cannot be stored safely",
        "This computer has no safe place for a key ({value}).",
        "Ask IT to switch on this computer's credential store. Until then bulkops takes the key from the variable BULKOPS_API_KEY.",
    ),
    Message(
        "key.silent",
        "The credential store does not answer",
        "This computer's credential store has not answered for {value} seconds.",
        "Look whether it asks for its password somewhere, and start again. Until it answers, bulkops takes the key from the variable BULKOPS_API_KEY.",
    ),
    Message(
        "key.fixed",
        "Practice needs no key",
        "The practice environment has a key of its own.",
        "Practise without a key, or choose another environment.",
    ),
    Message(
        "me.refused",
        "Key or permission refused",
        "{value} did not accept the key ({words}). Nothing was sent.",
        "Ask your EnergyCAP administrator: the key does not work there, or its owner lacks the permission.",
        cli_hint="bulkops key test --env NAME",
    ),
    Message(
        "me.not_reached",
        "EnergyCAP was not reached",
        "{value} was not reached. {words} Nothing was sent.",
        "{extra} Then run again.",
    ),
    Message(
        "me.odd",
        "Something else answered",
        "{value} answered, but not as EnergyCAP does ({words}). Nothing was sent.",
        "Check the address, and run again later: a sign-in page or maintenance may stand in between.",
    ),
    Message(
        "env.name",
        "Not a name for an environment",
        "“{value}” cannot be the name of an environment.",
        "Choose a name of 1 to 40 letters that is none of bulkops' own.",
    ),
    Message(
        "env.name_taken",
        "Name of another host",
        "“{value}” is the name of an environment on {extra}.",
        "Choose another name.",
    ),
    Message(
        "env.names",
        "Names cannot be read",
        "The names of environments ({path}) cannot be read.",
        "Put the file back from a backup. Without one, rename it and store each key under its name once more: what was sent is remembered all the same.",
    ),
    Message(
        "me.other_source",
        "Another data source than before",
        "The key for {value} leads to the data source “{words}”, but the runs before under that name changed “{extra}”. Nothing was sent.",
        "Store the right key. If it is another customer on the same host, give it a name of its own.",
        cli_hint="bulkops key set --env NAME",
    ),
    Message(
        "me.untold",
        "Data source not told",
        "{value} does not say any more to which data source the key leads; the runs before under that name changed “{extra}”. Nothing was sent.",
        "Make sure that the key is the one for “{extra}”. Then run it and say yes to the question yourself.",
        cli_hint="leave out --yes",
    ),
    Message(
        "run.other_key",
        "Another key than the run's",
        "Run {value} was begun with the key of {who}; this key leads to {extra}. Nothing was sent.",
        "Store the key it was begun with, for it may have open batches of that user, then finish it. Otherwise run the workbook itself: rows that are done are not sent twice.",
    ),
    Message(
        "run.question",
        "No answer to the question",
        "Nothing was sent: there is nobody here to confirm the run.",
        "Run it where somebody can say yes.",
        cli_hint="--yes",
    ),
    Message("run.declined", "Not confirmed", "Nothing was sent, as you wished.", "Run it when you are ready."),
    Message(
        "run.unread",
        "Sheets cannot be read",
        "Sheets that hold headings and cannot be read: {value}. So nothing was sent, as you wished.",
        "Correct their headings, or run the good rows without them.",
        cli_hint="leave out --all-or-nothing",
    ),
    Message(
        "run.invalid",
        "Rows need fixing",
        "Rows that need fixing: {value}. So nothing was sent, as you wished.",
        "Correct them, or run the good rows without them.",
        cli_hint="leave out --all-or-nothing",
    ),
    Message(
        "run.busy",
        "Another run is going on",
        "Another run is under way on this computer ({value}).",
        "Wait until it has ended, then run again.",
    ),
    Message(
        "workbook.busy",
        "Somebody is running this workbook",
        "{path} is being run at the moment ({value}). Nothing was sent.",
        "Wait until that run has ended, then run it again: two runs at once could send a row twice.",
    ),
    Message(
        "workbook.no_lock",
        "The workbook cannot be locked",
        "Nobody else can be kept from running {path} at the same time: the file {extra} beside it, which is there during a run, cannot be made or opened ({value}). Nothing was sent.",
        "Run it again in a moment. If this comes back, copy the workbook to a folder on this computer in which you may write, and run it there: two runs at once could send a row twice.",
    ),
    Message(
        "run.not_found",
        "No such run",
        "There is no run {value} in the history.",
        "Choose a run that is in the history.",
        cli_hint="bulkops history",
    ),
    Message(
        "run.nothing_left",
        "Nothing left to finish",
        "No run is waiting to be finished.",
        "Run the workbook, or look for an earlier run in the history.",
        cli_hint="bulkops run WORKBOOK, or bulkops history",
    ),
    Message(
        "ledger.guard",
        "A second send was prevented",
        "A row was about to be sent a second time: {value}. It was not sent.",
        "Run the workbook again: nothing is wrong with it. If this comes back, report it to whoever looks after bulkops.",
    ),
    Message(
        "ledger.damaged",
        "The record of what was sent is damaged",
        "The record of what was sent ({path}) is damaged. Nothing more is sent.",
        "Put it back from a backup, and keep the damaged file: without its record, rows that are done would be sent again.",
    ),
    Message(
        "ledger.gone",
        "The record of what was sent is gone",
        "The record of what was sent ({path}) is gone, but {value} beside it shows that there was one. Nothing was sent.",
        "Put it back, from a backup if need be: without it, rows that are done would be sent again. Only if you are sure that you want a new one, delete {value}.",
    ),
    Message(
        "ledger.older",
        "The record of what was sent is not the newest",
        "The record of what was sent ({path}) is an older copy, or a new one: it lacks {value}. A second record ({extra}) tells of them; the last was sent on {when}. Nothing was sent.",
        "Put the newest record back if you have it. If it is lost, take those rows over as unknown: none of them is sent again by itself, and each can be looked up in EnergyCAP. Delete neither record: they keep rows from being sent twice.",
        cli_hint="leave out --yes, and answer the question",
    ),
    Message(
        "ledger.moved",
        "The record of what was sent is not where it was",
        "The record of what was sent ({path}) was moved, deleted or replaced since the run began. Nothing more is sent.",
        "Put it back where it was, then run again: what it lacks is found and asked about. Do not delete it or its folder: they keep rows from being sent twice.",
    ),
    Message(
        "ledger.unwitnessed",
        "No second record of what was sent",
        "The second record of what was sent ({path}) cannot be written: {value}. Should the first one be lost, nothing would tell what was sent.",
        "Make sure that you may write there. The run itself is not affected.",
        warning=True,
    ),
    Message(
        "run.elsewhere",
        "Perhaps sent before",
        "{path} may have been sent from another computer, or before the record here began. Nothing was sent ({value}).",
        "Look in EnergyCAP, or on that computer, for what these rows have done. Only if they surely were not carried out, run them and say yes to the question yourself.",
        cli_hint="leave out --yes",
    ),
    Message(
        "run.followed",
        "The workbook was run since",
        "The workbook of run {value} was run again since ({extra}). What is left of the older run may be outdated. Nothing was sent.",
        "Run the workbook itself: rows that are done are not sent twice.",
    ),
    Message(
        "ledger.unusable",
        "The record of what was sent cannot be used",
        "The record of what was sent ({path}) cannot be used: {value}. Nothing more is sent.",
        "Free some disk space and make sure that you may write there. Do not delete it: it keeps rows from being sent twice.",
    ),
    Message(
        "ledger.locked",
        "Another program holds the record of what was sent",
        "The record of what was sent ({path}) is held by another program ({value}). Nothing more is sent.",
        "Close what may have it open, a backup or a database viewer for example, then run again: what was sent is recorded, and nothing is sent twice. Do not delete it.",
    ),
    Message(
        "home.unsure",
        "Not a sure place for the record of what was sent",
        "The variable BULKOPS_HOME ({value}) does not name a folder that is the same at each start: {extra}. Nothing was sent.",
        "Set it to a whole path without quotation marks, such as C:\\bulkops or /home/you/bulkops, or leave it out.",
    ),
    Message(
        "home.none",
        "No place for the record of what was sent",
        "There is no place for the record of what was sent: this computer names no home folder for you.",
        "Set the variable BULKOPS_HOME to a folder on this computer's own disk, as a whole path.",
    ),
    Message(
        "home.shared",
        "The record of what was sent is open to others",
        "The record of what was sent must be yours alone, and {path} is not: {value}. Nothing was sent.",
        "Ask IT to give it to you alone. Or set the variable BULKOPS_HOME to a new folder of your own on this computer's disk; move the files of earlier runs there if nobody else can have changed them: they keep rows from being sent twice.",
    ),
    Message(
        "home.network",
        "The record of what was sent would be on a network disk",
        "The record of what was sent ({path}) would be on a disk that other computers use too ({value}), and what was sent could be forgotten there. Nothing was sent.",
        "Set the variable BULKOPS_HOME to a folder on this computer's own disk, or ask IT to do it. Move the files of earlier runs there: they keep rows from being sent twice.",
    ),
    Message(
        "home.synced",
        "The record of what was sent would be in a synced folder",
        "The record of what was sent ({path}) would be in a folder that {value} copies, and what was sent could be forgotten there. Nothing was sent.",
        "Set the variable BULKOPS_HOME to a folder on this computer's own disk that is not copied, or ask IT to do it. Move the files of earlier runs there: they keep rows from being sent twice.",
    ),
    Message(
        "results.unwritable",
        "Results cannot be written",
        "The results cannot be written to {path}.",
        "Close that file in Excel, or choose another place for the results.",
        cli_hint="--results PATH",
    ),
    Message(
        "results.not_renewed",
        "Results not renewed",
        "{value} So the results in {path} still tell of the row as it was before.",
        "Go by the history, which tells it as it stands now.",
        cli_hint="bulkops history RUN",
    ),
    Message(
        "results.replaced",
        "Results of another run",
        "{path} does not hold the results of run {value} any more, so it was left as it is.",
        "Look at that run in the history, which tells the row as it stands now.",
        cli_hint="bulkops history RUN",
    ),
    Message(
        "file.exists", "File is there already", "{path} exists already and was not touched.", "Choose another name."
    ),
    Message(
        "file.planted",
        "A link that somebody else may have put there",
        "Nothing was written to {path}: {value} is a link that somebody else may have put there.",
        "Choose another place, or remove the link.",
    ),
    Message(
        "file.unwritable",
        "File cannot be written",
        "{path} cannot be written.",
        "Choose another folder, or close the file in Excel.",
    ),
    Message(
        "practice.unknown",
        "Practice does not know it",
        "This practice EnergyCAP knows only the {extra}, not {value}.",
        "Choose Practice without an address, which takes what your workbook names as given; or name what this one knows.",
        cli_hint="--env practice",
    ),
    Message(
        "explain.unknown",
        "No message of that code",
        "There is no message with the code “{value}”.",
        "Choose one of: {extra}.",
    ),
    Message(
        "practice.port",
        "Port in use",
        "The practice server cannot use port {value}.",
        "Choose another port, or leave it to bulkops.",
        cli_hint="--port N",
    ),
    Message(
        "run.bug",
        "An error in bulkops itself",
        "bulkops met an error of its own ({value}) and stopped. Nothing more was sent; what was sent is recorded.",
        "Report it to whoever looks after bulkops, with the file {path}.",
    ),
)
