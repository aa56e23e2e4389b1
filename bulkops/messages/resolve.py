"""About rows in doubt that an operator has looked into."""

from bulkops.messages.message import Message

MESSAGES = (
    Message(
        "row.marked_done",
        "Marked as done",
        "The same request was sent on {when} by {who} from {workbook}. No trustworthy answer came, but it was {words}. Its GUID or counts are not known.",
        "Do nothing. To send it again on purpose, type {extra} in Send again.",
    ),
    Message(
        "row.target_marked_done",
        "This task was reimported before, by a person's word",
        "This task was already sent on {when} by {who} from {workbook}, with other settings. No trustworthy answer came, but it was {words}.",
        "Do nothing, or bills may be imported twice. To send it all the same, type {extra} in Send again.",
    ),
    Message(
        "sent.marked_done",
        "Marked as done after all",
        "It was {words}.",
        "Do nothing: it counts as done. To send it again on purpose, type {extra} in Send again.",
    ),
    Message(
        "sent.marked_again",
        "Marked as surely not carried out",
        "It was {words}.",
        "Run the workbook again: the row is sent once more.",
    ),
    Message(
        "sent.sent_since",
        "The same was sent again since",
        "The same request was sent again on {when} by {who} from {workbook}.",
        "Look at that later send instead: it has the last word on this row.",
    ),
    Message(
        "doubt.marked",
        "Marked before",
        "{value}: the row was already {words}. Nothing was changed.",
        "Leave it so, or mark it otherwise: both marks stay, and the later one counts.",
    ),
    Message(
        "doubt.sent_since",
        "Sent again since",
        "{value}: the same request was sent again on {when} by {who} from {workbook}, so this older one is not in doubt any more. Nothing was changed.",
        "Look at that later row instead, in run {extra}.",
        cli_hint="bulkops history RUN",
    ),
    Message(
        "doubt.none",
        "Not in doubt",
        "Run {value} has no such row whose outcome is unknown. Nothing was changed.",
        "Look at the rows of run {value} in the history.",
        cli_hint="bulkops history RUN",
    ),
)
