"""Other programs that bulkops starts. None learns what is set for bulkops: one of its variables may be the key."""

import os
import subprocess


def for_other_programs() -> dict[str, str]:
    """This process's environment without bulkops' own variables."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("BULKOPS_")}


def started(command: list[str], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """One in a session of its own: a Ctrl-C is meant for us, and it asks and says nothing at our terminal.

    It does not end with us. Raises OSError where it cannot be started.
    """
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=for_other_programs(),
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
