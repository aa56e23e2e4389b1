"""About what EnergyCAP did not tell when it was asked about the things that rows name."""

from __future__ import annotations

from collections.abc import Mapping

from bulkops.messages.wording import plural


def asked_for_names(done: int, of: int) -> str:
    """How far the reading for a template is."""
    return f"Asking EnergyCAP for its names … {done} of {of}"


NO_ANSWER = "no answer came"
NOT_UNDERSTOOD = "its answer cannot be understood"
NOT_WHOLE = "its answer is not whole"
LEFT_OUT = "its answer does not say"


def late(seconds: float) -> str:
    """Why something is not told that did not come in time."""
    return f"not within {plural(round(seconds), 'second')}"


_WHAT = {
    "flag_types": "the flag types",
    "flag_types.name": "the names of flag types",
    "lists": "the lists",
    "lists.name": "the names of lists",
    "lists.kind": "the kinds of lists",
    "users": "the users",
    "users.name": "the names of users",
    "batches": "which batches are open or pending",
    "imports": "the bill imports",
    "with_kickouts": "which batches have imports with kickouts",
    "in_batches": "which imports went into batches with kickouts",
    # Of single things, counted.
    "batch": "about {batch}",
    "batch.status": "the status of {batch}",
    "task": "about {task}",
    "task.type_code": "of what type {task} is|of what type {task} are",
    "task.ended": "whether {task} has ended|whether {task} have ended",
    "count": "how many bills {list} holds|how many bills {list} hold",
}
ORDER = {what: place for place, what in enumerate(_WHAT)}
"""In which order it is told."""
NOT_CHECKED = {
    "flag_types": "Flag types were not checked.",
    "flag_types.name": "It was not checked which type is reserved.",
    "lists": "Names and kinds of lists were not checked.",
    "lists.name": "They were not checked.",
    "lists.kind": "They were not checked.",
    "users": "Names of users were not checked.",
    "users.name": "They were not checked.",
    "batches": "Your own open batches are not known.",
    "task": "Nothing of that was checked.",
    "task.type_code": "That was not checked.",
    "task.ended": "That was not checked.",
    "batch": "Nothing of that was checked.",
    "batch.status": "That was not checked.",
    "count": "They were not counted.",
}
"""What follows for a check, by what was not told."""
NOT_OFFERED = {
    "flag_types": "The template offers none.",
    "flag_types.name": "The template offers none.",
    "lists": "The template offers none.",
    "lists.name": "The template offers none.",
    "lists.kind": "The template offers all of them.",
    "users": "The template offers none.",
    "users.name": "The template offers none.",
    "batches": "The template offers none.",
    "imports": "The template offers none.",
    "with_kickouts": "Which imports have kickouts is known from their own status alone.",
    "in_batches": "Which of them have kickouts is known from their own status alone.",
}
"""What follows for a template."""


def not_told(what: str, why: str, number: int, follows: Mapping[str, str]) -> str:
    """One sentence for one cause, and what follows from it. ``number`` counts the things, where they are counted."""
    one, _, many = _WHAT[what].partition("|")
    told = (many or one) if number > 1 else one
    counted = told.format(task=plural(number, "task"), batch=plural(number, "batch"), list=plural(number, "list"))
    return " ".join(filter(None, (f"EnergyCAP did not tell {counted} ({why}).", follows.get(what, ""))))


CALLS = {
    "flag_types": "flag types",
    "lists": "lists",
    "users": "users",
    "batches": "batches",
    "batch": "a batch",
    "task": "a task",
    "count": "the bills of a list",
    "imports": "bill imports",
    "with_kickouts": "batches with kickouts",
    "in_batches": "the imports of a batch",
}
"""What a call is for, where EnergyCAP is going to withdraw it."""
