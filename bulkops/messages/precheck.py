"""About what EnergyCAP says of a row before it is sent."""

from bulkops.messages.message import Message
from bulkops.messages.wording import plural

_PICK = "Choose from the list again, or type the id alone. Excel counts an id up when a cell is dragged."


def being_asked(done: int, of: int) -> str:
    """How far the reading of EnergyCAP is. ``of`` 0: it has only begun."""
    return f"Asking EnergyCAP about the rows … {f'{done} of {of}' if of else ''}".rstrip()


def read_once_more(done: int, of: int) -> str:
    """The same after the yes."""
    return f"EnergyCAP is read once more, so that what is sent is what you have seen … {done} of {of}"


def looked_at(fit: int, against: int, untold: int) -> str:
    """How many rows EnergyCAP was asked about, and with what result."""
    told = [
        f"{fit} fit{'s' if fit == 1 else ''}" if fit else "",
        f"{against} do{'es' if against == 1 else ''} not" if against else "",
    ]
    words = ", ".join(filter(None, [*told, f"of {untold} it cannot be told" if untold else ""]))
    return f"EnergyCAP was asked about {plural(fit + against + untold, 'row')}: {words}."


def not_asked(why: str) -> str:
    """EnergyCAP cannot be asked what it says of the rows."""
    return f"EnergyCAP was not asked about the rows: {why}"


def offered(picks: str) -> str:
    """What to type in the place of a name without an id."""
    return f"Type the id, or one of these whole: {picks}."


def edited_before(rows: int) -> str:
    """Rows whose list an earlier row of the run edits: which bills it holds by then nobody can say."""
    return (
        f"{plural(rows, 'row')} edit a list that an earlier row edits, too: a list that looks for flags may hold other "
        "bills by then, so their numbers are not held against each other."
    ).replace("1 row edit ", "1 row edits ")


def counted_bills(number: int) -> str:
    """``1 bill``, ``2,113 bills``."""
    return f"{number:,} bill{'' if number == 1 else 's'}"


def bills_touched(edits: int, lists: int, bills: int, untold: int, now: bool) -> str:
    """What the flag edits of a run touch: ``400 edits of 38 lists: 2,113 bills now; lists may share bills``."""
    counted = f"{counted_bills(bills)}{' now' if now else ''}"
    if untold:
        rest = f"of {plural(untold, 'list')} it cannot be told"
        counted = f"{counted}, and {rest}" if untold < lists else "how many bills cannot be told"
    share = "; lists may share bills" if lists > 1 and untold < lists else ""
    return f"{plural(edits, 'edit')} of {plural(lists, 'list')}: {counted}{share}"


MESSAGES = (
    Message(
        "right.missing",
        "The key's owner may not do this",
        "The key's owner lacks the permission {value} in EnergyCAP.",
        "Ask for the permission in EnergyCAP, or use the key of somebody who has it.",
    ),
    Message(
        "task.gone",
        "No such task",
        "EnergyCAP has no task {value}.",
        "Copy the GUID from Bill Imports again, whole.",
    ),
    Message(
        "task.other_type",
        "A task of another type",
        "Task {value} is no bill import: its type is “{words}”.",
        "Copy the GUID of the bill import that left the kickouts.",
    ),
    Message(
        "task.running",
        "The import is still running",
        "Task {value} has no end yet: it is “{words}”.",
        "Wait until it has ended in Bill Imports, then run the workbook again.",
    ),
    Message(
        "task.no_kickouts_said",
        "A task whose status does not speak of kickouts",
        "The status of task {value} is “{words}”, which does not speak of kickouts.",
        "Look in Bill Imports whether it left any.",
        warning=True,
        effect="will reimport a task whose status does not speak of kickouts",
    ),
    Message(
        "batch.gone",
        "No such batch",
        "EnergyCAP has no batch {value}.",
        "Choose a batch from EnergyCAP again.",
    ),
    Message(
        "batch.not_open",
        "The batch is not open",
        "Batch {value} is {words}, and “use existing batch” needs an open one.",
        "Choose an open batch, or another batch mode.",
    ),
    Message(
        "batch.others",
        "Another user's batch",
        "Batch {value} is {who}'s, and the key's owner lacks the permission Bills and Batches: Manage.",
        "Choose a batch of your own, or another batch mode.",
    ),
    Message(
        "batch.not_pending",
        "The batch is not pending",
        "Batch {value} is {words}, and “use pending batch” needs a pending one.",
        "Choose a pending batch, or another batch mode.",
    ),
    Message(
        "list.gone",
        "No such list",
        "EnergyCAP has no list {value} for the key's owner.",
        "Choose a list that the key's owner made or can use.",
    ),
    Message(
        "list.other_type",
        "A list of another kind",
        "List {value} does not hold bills: its type is “{words}”.",
        "Choose a bill list.",
    ),
    Message(
        "flag_type.unknown",
        "No such flag type",
        "EnergyCAP has no flag type {value}.",
        "Choose one of: {extra}.",
    ),
    Message(
        "pick.other_name",
        "Another name than EnergyCAP's",
        "“{value}” is not what EnergyCAP calls {extra}: that is “{words}”.",
        _PICK,
    ),
    Message(
        "pick.two_ids",
        "One name with two ids",
        "“{value}” stands here with {extra} and in {other} with {words}.",
        _PICK,
    ),
    Message(
        "expected_bills.before",
        "Another number of bills than expected",
        "You expect {value} bills, and list {extra} holds {words} now.",
        "Open the list in EnergyCAP and see which bills it holds; then correct Expected bills, or the list.",
    ),
    Message(
        "run.max_bills",
        "Too many bills",
        "The run would touch {value}, and {extra} is the most that is allowed. Nothing was sent.",
        "Run fewer rows, or allow more bills if that is what you want.",
        cli_hint="--max-bills N",
    ),
    Message(
        "run.changed",
        "EnergyCAP changed since the question",
        "EnergyCAP holds something else now than the question said: {value}. Nothing was sent.",
        "Look at what has changed since the question: {value}. Run it only if it is still right.",
    ),
)
