"""About what keeps a command or a run from starting or going on."""

from bulkops.messages.message import Message


def taken_as_given(things: str) -> str:
    """What practice knows only from the workbook."""
    return (
        f"Practice takes as given what the workbook names: {things}. It makes up what they hold and what kind they are, "
        "so its counts say nothing about EnergyCAP."
    )


def rehearsed(sheet: str, row: int, what: str) -> str:
    """Which row meets trouble on purpose."""
    return f"Trouble to rehearse: {sheet}, row {row}, {what}."


def not_rehearsed(row: str, what: str) -> str:
    """Trouble that no row is there for."""
    return f"Trouble not rehearsed, for want of {row}: one that {what}."


MESSAGES = (
    Message(
        "run.other_key",
        "Another key than the run's",
        "Run {value} was begun with the key of {who}; this key leads to {extra}. Nothing was sent.",
        "Store the key it was begun with, as it may have left batches of that user open, then finish it. Otherwise run the workbook itself: rows that are done are not sent twice.",
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
        "template.stopped",
        "Template not made",
        "You stopped it, and no template was made.",
        "Make it again when you are ready.",
    ),
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
        "bulkops cannot keep others from running {path} at the same time: the file {extra}, which lies beside it during a run, cannot be made or opened ({value}). Nothing was sent.",
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
        "results.unwritable",
        "Results cannot be written",
        "The results cannot be written to {path}.",
        "Close that file in Excel, or choose another place for the results.",
        cli_hint="--results PATH",
    ),
    Message(
        "results.not_renewed",
        "Results not renewed",
        "{value} So the results in {path} still show the row as it was before.",
        "Look in the history, which shows the row as it is now.",
        cli_hint="bulkops history RUN",
    ),
    Message(
        "results.replaced",
        "Results of another run",
        "{path} does not hold the results of run {value} any more, so it was left as it is.",
        "Look at that run in the history, which shows the row as it is now.",
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
