"""A rename that never replaces a file, as a plain one does."""

import errno
import os
import stat
import sys
import time

from bulkops.system.folders import Folder
from bulkops.system.links import is_link

_TRIES = 5


def rename_no_replace(old: Folder, name: str, new: Folder, to: str) -> None:
    """Rename a file on one disk. Raises FileExistsError if the name is in use, OSError, also for what is no file.

    Who dies in it leaves the file under one of the names, or under both; done again, it comes to its end.
    """
    for attempt in range(_TRIES):
        try:
            facts = old.facts(name)
            if facts is not None and (is_link(facts) or not stat.S_ISREG(facts.st_mode)):
                raise OSError(errno.EINVAL, f"{name} is a link, or no file", name)
            _rename(old, name, new, to)
            return
        except PermissionError:
            # On Windows a virus scanner that looks at a file keeps it for a moment.
            if attempt == _TRIES - 1:
                raise
            time.sleep(0.2 * 2**attempt)


if sys.platform == "win32":

    def _rename(old: Folder, name: str, new: Folder, to: str) -> None:
        """Windows renames nothing over what is there."""
        old.move(name, new, to)
else:
    _NO_LINKS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)

    def _rename(old: Folder, name: str, new: Folder, to: str) -> None:
        try:
            old.link(name, new, to)
        except FileExistsError:
            one, other = old.facts(name), new.facts(to)
            if one is None or other is None or not os.path.samestat(one, other):
                raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _rename_without_links(old, name, new, to)
            return
        old.remove(name)

    def _rename_without_links(old: Folder, name: str, new: Folder, to: str) -> None:
        """Some network disks have no links: there the name is taken by an empty file first."""
        os.close(new.create(to))
        try:
            old.move(name, new, to)
        except OSError:
            new.remove(to)
            raise
