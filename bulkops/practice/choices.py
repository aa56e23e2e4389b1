"""What EnergyCAP's documents leave open, one switch each; docs/practice.md says what is documented and what is chosen.

server.state.choices.task_order = "newest first"      # at any time, also while the server runs
State(choices=Choices(errors="html", null_keys=False))
"""

from dataclasses import dataclass, field
from typing import Literal

ErrorShape = Literal["problem", "message", "text", "html", "empty"]
Dates = Literal["naive", "offset", "utc"]
TaskOrder = Literal["mixed", "oldest first", "newest first"]


@dataclass
class StatusWords:
    """How a task's status is spelled."""

    running: str = "Running"
    completed: str = "Completed"
    kickouts: str = "Completed with kickouts"


@dataclass
class Choices:
    """How this EnergyCAP behaves where nothing public says how the real one does."""

    # Every call
    errors: ErrorShape = "problem"
    """The body of an error: ProblemDetails, `{"message": …}`, plain text, an HTML page, or nothing."""
    reads_need_content_type: bool = False
    """A GET without Content-Type is refused with 415."""
    null_keys: bool = True
    """A key without a value is written as null; False: it is left out."""
    dates: Dates = "naive"
    """2026-07-01T06:00:00 without a zone, with an offset and seven decimals, or in UTC with Z."""
    environment: str = "Practice"
    """What GET /me calls the environment."""
    unknown_filters: Literal["refuse", "ignore"] = "refuse"
    """A filter on a field that the call does not offer."""
    quotes: Literal["doubled", "refuse"] = "doubled"
    """How a quote stands inside a filter's value."""
    wildcard: str = "%"
    """The wildcard in the value of `like`; "": there is none."""
    user_filters: tuple[str, ...] = ("userId", "userCode", "fullName", "active", "email")
    """By which fields users can be filtered."""
    half_pages: bool = False
    """A page holds half of what its headers promise."""

    # Tasks
    task_order: TaskOrder = "mixed"
    own_tasks_only: bool = False
    """Only the caller's tasks are listed."""
    more_task_filters: bool = False
    """Tasks can be filtered by status, taskNote, userCode and endDate too."""
    status_words: StatusWords = field(default_factory=StatusWords)
    settings_are_shown: bool = True
    """A task shows the settings it was started with, and its output."""
    appears_after_seconds: float = 0.0
    """For how long a new task cannot be read."""
    counts_in_message: bool = True
    """A task's message says how many bills were imported and how many kicked out."""
    note_is_shown: bool = True
    """importNote becomes the new task's taskNote."""
    analysis_seconds: float = 1.0
    """How long the analysis takes after the end of an import; bills are flagged when it is over."""

    # Kickout reimports
    reimport_twice: bool = True
    """The kickouts of a task can be reimported again."""
    taken_codes: Literal["refuse", "append"] = "refuse"
    """`new batch` under a code that a batch has already: an error, or a GUID is appended as in the smart mode."""
    pending_of_others: bool = True
    """Anybody's pending batch can be used; False: another user's needs "Bills and Batches: Manage"."""
    self_contained_closes: Literal["at once", "at the end"] = "at once"
    """When `new self-contained batch` closes its batch."""

    # Flag edits
    absent_keys: Literal["null", "refuse"] = "null"
    """A key of a flag edit that may be null and is left out, as EnergyCAP's own client does."""
    unfit_bills: Literal["refuse all", "skip"] = "refuse all"
    """A list in which some bills cannot take the edit, such as bills without a flag when no type is sent."""
    empty_assignees: Literal["clear", "keep"] = "clear"
    """What an empty list of assignees does to an existing flag."""
    equal_comments: Literal["event", "nothing"] = "event"
    """The same comment again."""
    hold_resolved: bool = False
    """holdFromExport also holds a bill whose flag stays resolved."""
    hold_needs_permission: bool = False
    """Hold and release need "Export Hold: Manage" as well."""

    # Lists
    list_types: tuple[str, str] = ("Bill List", "Record List")
    """What the types of list are called: of bills, and of anything else."""
    list_columns: tuple[str, ...] = ("Bill ID", "Total Cost", "Flag Status", "Held From Export")
    """Which columns the lists show; their owners decide."""
    list_meta: tuple[str, ...] = ("TotalCount", "TotalCost", "costUnitInfo")
    """What `meta` of a list's data holds."""
    list_error: str = ""
    """meta.ErrorMessage: the data could not be fetched, although the answer is 200."""
