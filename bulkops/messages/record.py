"""About the record of what was sent, and the place where it lies."""

from bulkops.messages.message import Message


def bringing_up_to_date(percent: int) -> str:
    """How far the record that an earlier version has left is taken over."""
    return f"Bringing the record up to date … {percent} %"


UPDATED_ONCE = "An earlier version has left it. This is done once; a copy of the record as it was is kept beside it."


MESSAGES = (
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
        "No safe place for the record of what was sent",
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
)
