"""Where the ledger may lie: on a disk of this computer's own, in a folder that no other program copies.

SQLite's write-ahead log lives in memory that two computers do not share (sqlite.org/wal.html), and a sync client
puts back an older file, or half of a new one. Either way a row that was sent could be forgotten and sent again.

The upper functions are pure: they take what a system says as text, so that each system is understood on all three.
Below them stands what asks the system bulkops runs on. What cannot be asked refuses nothing.
"""

import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePath, PureWindowsPath
from typing import NamedTuple

from bulkops.messages.errors import CannotStart

_NETWORK = re.compile(
    "acfs|afs|auristorfs|beegfs|ceph|cifs|coda|davfs|fhgfs|gfs2?|glusterfs|gpfs|lustre|ncp(fs)?|nfs4?|ocfs2|orangefs"
    "|panfs|pvfs2|smb3|smbfs"
    # In user space, where they are called fuse.sshfs and so on.
    "|blobfuse2?|curlftpfs|gcsfuse|google-drive-ocamlfuse|goofys|gvfsd-fuse|juicefs|kio-fuse|lizardfs|mfs|onedriver"
    "|rclone|s3fs|seadrive|smbnetfs|sshfs"
    # Folders that a virtual machine, or Linux within Windows, shares with the system around it.
    "|drvfs|prl_fs|vboxsf|vmhgfs(-fuse)?"
)
_PASSED_IN = ("9p", "virtiofs")
"""A container's or virtual machine's only disk is often one: refused only as a Windows drive or over a network."""
_OCTAL = re.compile(r"\\([0-7]{3})")
_MAC_MOUNT = re.compile(r".+? on (/.*) \(([^()]*)\)")
_MAC_DATA = "/System/Volumes/Data"
_DRIVE_REMOTE = 4
"""GetDriveTypeW's word for a drive on another computer."""

_NAMES = (
    ("anywhere", "OneDrive", r"onedrive( - .+)?"),
    ("anywhere", "Dropbox", r"dropbox( \(.+\))?"),
    ("anywhere", "Google Drive", r"google drive( \(.+\))?|googledrive-.+"),
    ("anywhere", "iCloud Drive", r"icloud ?drive|com~apple~clouddocs"),
    ("anywhere", "Box", r"box sync"),
    ("anywhere", "Nextcloud", r"nextcloud\d*"),
    ("anywhere", "ownCloud", r"owncloud\d*"),
    ("anywhere", "Synology Drive", r"synologydrive"),
    ("anywhere", "pCloud", r"pcloud ?drive"),
    ("anywhere", "Proton Drive", r"proton ?drive"),
    # Elsewhere these names mean other things.
    ("below home", "Box", r"box"),
    ("below home", "Dropbox", r".+ dropbox"),
    ("below home", "Google Drive", r"my drive( \(.+\))?"),
    ("below home", "MEGA", r"mega"),
    ("on a drive", "Google Drive", r"my drive|shared drives|other computers"),
    ("below Library", "iCloud Drive", r"mobile documents"),
    ("below Library", "a cloud drive", r"cloudstorage"),
)
"""Where in a path, whose client, which name."""
_LEFT_BEHIND = {"Dropbox": ".dropbox", "Syncthing": ".stfolder", "Nextcloud or ownCloud": ".sync_*.db"}
"""Hidden files by which a client's folder is known, whatever it is called."""


def refuse_unsafe(folder: Path) -> None:
    """Raises CannotStart for a data folder on a network disk (home.network) or in a synced folder (home.synced).

    The folder need not be there yet; links are followed.
    """
    real = os.path.realpath(folder)
    if where := _network(real):
        raise CannotStart("home.network", path=folder, value=where)
    roots = ((client, _pure(os.path.realpath(root))) for client, root in _sync_roots())
    if client := synced(_pure(real), _pure(os.path.realpath(os.path.expanduser("~"))), roots) or _marked(Path(real)):
        raise CannotStart("home.synced", path=folder, value=client)


class _Mount(NamedTuple):
    id: str
    parent: str
    point: str
    kind: str
    source: str
    options: str


def linux_network(mountinfo: str, folder: str) -> str:
    """“mount point, type” if the resolved folder is on a network disk, else "" (proc(5), /proc/[pid]/mountinfo).

    Each step goes to the nearest mount within the last one, as the system itself does: a mount further down that
    a later one has covered does not count.
    """
    mounts = [mount for line in mountinfo.split("\n") if (mount := _mount(line)) and _holds(mount.point, folder)]
    listed = {mount.id for mount in mounts}
    here: _Mount | None = None
    while within := [
        mount for mount in mounts if (mount.parent not in listed if here is None else mount.parent == here.id)
    ]:
        here = min(within, key=lambda mount: len(mount.point))
        mounts.remove(here)
    return f"{here.point}, {here.kind}" if here and _is_network(here) else ""


def _mount(line: str) -> _Mount | None:
    fields, _, more = line.partition(" - ")
    first, last = fields.split(" "), more.split(" ")
    if len(first) < 6 or len(last) < 2:
        return None
    point, source = (_OCTAL.sub(lambda found: chr(int(found[1], 8)), text) for text in (first[4], last[1]))
    return _Mount(first[0], first[1], point, last[0], source, " ".join(last[2:]))


def _is_network(mount: _Mount) -> bool:
    kind = mount.kind.removeprefix("fuse.")
    if kind in _PASSED_IN:
        windows = re.match(r"[A-Za-z]:|drvfs", mount.source) or "aname=drvfs" in mount.options
        return bool(windows or re.search(r"\btrans=(tcp|rdma)\b", mount.options))
    # WebDAV disks call themselves plain “fuse” and have the server's address for a source.
    return bool(_NETWORK.fullmatch(kind)) or (mount.kind.startswith("fuse") and "://" in mount.source)


def _holds(point: str, folder: str) -> bool:
    return folder == point or folder.startswith(point.rstrip("/") + "/")


def mac_network(mounts: str, folder: str) -> str:
    """The same from what ``mount`` prints on a Mac, which says of each disk whether it is “local”."""
    wanted, best, found = _mac_path(folder), "", ""
    for line in mounts.split("\n"):
        if not (seen := _MAC_MOUNT.fullmatch(line)):
            continue
        point, (kind, *flags) = _mac_path(seen[1]), seen[2].split(", ")
        # autofs only stands where a disk will be mounted once somebody looks.
        if kind != "autofs" and _holds(point, wanted) and len(point) >= len(best):
            best, found = point, "" if "local" in flags else f"{seen[1]}, {kind}"
    return found


def _mac_path(path: str) -> str:
    """As a Mac compares paths: without case; what lies on the data volume goes by its shorter name."""
    inner = path.removeprefix(_MAC_DATA) if _holds(_MAC_DATA, path) else path
    return unicodedata.normalize("NFC", inner).casefold()


def windows_network(folder: str, drive_type: Callable[[str], int]) -> str:
    r"""The share or drive if the folder is on another computer, else ""; ``drive_type("Z:\\")`` as GetDriveTypeW."""
    plain = _plain(folder)
    if plain.startswith("\\\\"):
        return "\\".join(plain.split("\\")[:4])
    drive = plain[:2]
    return drive if re.fullmatch("[A-Za-z]:", drive) and drive_type(f"{drive}\\") == _DRIVE_REMOTE else ""


def _plain(folder: str) -> str:
    r"""``\\?\UNC\server\share`` → ``\\server\share``, ``\\?\C:\Data`` → ``C:\Data``."""
    text = re.sub(r"\\\\[?.]\\UNC\\", r"\\\\", folder.replace("/", "\\"), count=1, flags=re.IGNORECASE)
    return re.sub(r"\\\\[?.]\\(?=[A-Za-z]:)", "", text, count=1)


def synced(folder: PurePath, home: PurePath, roots: Iterable[tuple[str, PurePath]]) -> str:
    """“client (its folder)” if the resolved folder lies in one that a sync client copies, else "".

    ``roots`` are folders the system itself names for a client; other clients are known by the names they give.
    """
    parts = _folded(folder)
    for client, root in roots:
        inside = _folded(root)
        if len(inside) > 1 and parts[: len(inside)] == inside:
            return f"{client} ({root})"
    for position, name in enumerate(parts[1:], 1):
        places = {
            "anywhere": True,
            "below home": parts[:position] == _folded(home),
            "on a drive": position == 1 and re.fullmatch("[A-Za-z]:", folder.drive),
            "below Library": parts[position - 1] == "library",
        }
        for place, client, pattern in _NAMES:
            if places[place] and re.fullmatch(pattern, name):
                return f"{client} ({type(folder)(*folder.parts[: position + 1])})"
    return ""


def _folded(path: PurePath) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFC", part).casefold() for part in path.parts)


def _marked(folder: Path) -> str:
    for each in (folder, *folder.parents):
        for client, mark in _LEFT_BEHIND.items():
            with suppress(OSError):
                # A folder ~/.dropbox is only where that client keeps its settings.
                if any(found.is_file() or mark != ".dropbox" for found in each.glob(mark)):
                    return f"{client} ({each})"
    return ""


def _pure(path: str) -> PurePath:
    return PureWindowsPath(_plain(path)) if sys.platform == "win32" else PurePath(path)


def _sync_roots() -> Iterator[tuple[str, str]]:
    for name in ("OneDrive", "OneDriveConsumer", "OneDriveCommercial"):
        if root := os.environ.get(name):
            yield "OneDrive", root
    for root in _registered():
        yield "OneDrive or SharePoint", root


if sys.platform == "win32":
    import ctypes
    import winreg

    def _network(real: str) -> str:
        # It asks Windows' own table, never the other computer, which may be switched off.
        return windows_network(real, ctypes.windll.kernel32.GetDriveTypeW)

    def _registered() -> Iterator[str]:
        """Every library that OneDrive copies, a team's SharePoint libraries among them."""
        with (
            suppress(OSError),  # also how Windows says that there is no further one
            winreg.OpenKey(winreg.HKEY_CURRENT_USER, r"Software\SyncEngines\Providers\OneDrive") as providers,
        ):
            for number in range(1000):
                with (
                    winreg.OpenKey(providers, winreg.EnumKey(providers, number)) as provider,
                    suppress(FileNotFoundError),
                ):
                    yield str(winreg.QueryValueEx(provider, "MountPoint")[0])
else:

    def _registered() -> Iterator[str]:
        yield from ()

    if sys.platform == "darwin":
        import subprocess

        def _network(real: str) -> str:
            try:
                said = subprocess.run(["/sbin/mount"], capture_output=True, timeout=10, check=False).stdout
            except (OSError, subprocess.SubprocessError):
                return ""
            return mac_network(os.fsdecode(said), real)
    else:
        _MOUNTINFO = Path("/proc/self/mountinfo")

        def _network(real: str) -> str:
            try:
                return linux_network(os.fsdecode(_MOUNTINFO.read_bytes()), real)
            except OSError:
                return ""
