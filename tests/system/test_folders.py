"""Nothing is read or written through a link that somebody else may have put in a folder that several people use."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import systems

from bulkops.inbox import claims
from bulkops.system import folders, links, replacement
from bulkops.system.files import create, keep_copy, remove_leftovers, save, writable
from bulkops.system.folders import Folder, content
from bulkops.system.links import Planted, is_link, real

Plant = Callable[[Path, Path], None]
"""``plant(at, to)``: put a link there."""


@pytest.fixture
def shared() -> Iterator[Path]:
    with systems.shared_folder() as folder:
        yield folder


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Path]:
    """What is the clerk's own, and stays as it is."""
    path = tmp_path / "diary.xlsx"
    path.write_bytes(b"private")
    yield path
    assert path.read_bytes() == b"private"
    assert os.listdir(tmp_path) == ["diary.xlsx"]


@pytest.fixture(params=["by another user", "by anybody"])
def plant(request: pytest.FixtureRequest) -> Plant:
    """By another user where root runs the tests. The second way works for every user: a link that is one's own, in a
    folder where others could have put it."""

    def put(at: Path, to: Path) -> None:
        if request.param == "by another user":
            systems.as_another_user(lambda: at.symlink_to(to))
        elif sys.platform == "win32":
            pytest.skip("there it is the link's owner that counts")
        else:
            systems.link(at, to)

    return put


def test_a_planted_link_is_neither_read_nor_written_through(shared: Path, diary: Path, plant: Plant) -> None:
    """By none of the ways in which bulkops opens what lies there; the link stays, for whoever looks into it."""
    link = shared / "August.xlsx"
    plant(link, diary)
    with Folder(shared) as folder:
        for attempt in (
            lambda: content(link),
            lambda: save(link, b"new"),
            lambda: keep_copy(link, shared / "kept", "August.xlsx"),
            lambda: folder.open(link.name),
            lambda: folder.open(link.name, os.O_RDWR),
        ):
            with pytest.raises(Planted):
                attempt()
    with pytest.raises(FileExistsError):
        create(link, b"new")
    assert not writable(link)
    assert link.is_symlink()


def test_a_planted_link_to_nothing_makes_no_file(shared: Path, diary: Path, plant: Plant) -> None:
    """The file would be made where the link leads to."""
    link = shared / "August.xlsx"
    plant(link, diary.with_name("new.xlsx"))
    with pytest.raises(Planted):
        save(link, b"new")
    with pytest.raises(FileExistsError):
        create(link, b"new")
    assert not writable(link)


def test_a_planted_link_among_the_folders_is_not_followed(shared: Path, diary: Path, plant: Plant) -> None:
    """Also where it comes first, and where the path leads back out of it."""
    plant(shared / "2026", diary.parent)
    for path in (shared / "2026" / diary.name, shared / "2026" / ".." / diary.parent.name / diary.name):
        with pytest.raises(Planted):
            content(path)
        assert not writable(path)
    with pytest.raises(Planted):
        save(shared / "2026" / "new.xlsx", b"new")


def test_a_planted_link_takes_no_killed_saves_place(shared: Path, diary: Path, plant: Plant) -> None:
    """What looks like a workbook that lost its name is only given it back if it is a file."""
    path = shared / "August.xlsx"
    save(path, b"mine", backup=lambda _: None)
    plant(shared / f"{replacement.temporary_path(path).stem}.before.xlsx", diary)
    path.unlink()
    remove_leftovers(path)
    assert not os.path.lexists(path)


def test_no_name_of_a_file_that_is_being_written_can_be_foretold(tmp_path: Path) -> None:
    """Nobody can take it first, with a link or anything else, and so keep bulkops from writing."""
    assert replacement.temporary_path(tmp_path / "August.xlsx") != replacement.temporary_path(tmp_path / "August.xlsx")
    assert claims.begun_name("0" * 16) != claims.begun_name("0" * 16)


def test_a_link_of_ones_own_in_a_folder_of_ones_own_is_followed(tmp_path: Path, shared: Path) -> None:
    """Wherever it leads to: who put it there knows."""
    link, path = tmp_path / "August.xlsx", shared / "August.xlsx"
    path.write_bytes(b"old")
    systems.link(link, path)
    assert content(link) == b"old"
    assert writable(link)
    save(link, b"new")
    assert (link.is_symlink(), path.read_bytes()) == (True, b"new")


def test_a_link_to_a_folder_and_back_is_followed_as_the_system_does(tmp_path: Path) -> None:
    """``..`` behind a link is the folder above where the link leads to; and a link may be given from where it lies."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "here.xlsx").write_bytes(b"x")
    systems.link(tmp_path / "link", Path("a") / "b", folder=True)
    systems.link(tmp_path / "again", Path("link"), folder=True)
    assert real(tmp_path / "again" / ".." / "here.xlsx") == Path(os.path.realpath(tmp_path)) / "a" / "here.xlsx"
    assert real(tmp_path / "again" / "none" / "x") == Path(os.path.realpath(tmp_path)) / "a" / "b" / "none" / "x"


def test_a_link_to_itself_ends(tmp_path: Path) -> None:
    """Links that lead to each other are refused, and nobody follows them for ever."""
    systems.link(tmp_path / "a", tmp_path / "b")
    systems.link(tmp_path / "b", tmp_path / "a")
    with pytest.raises(OSError, match=r"symbolic|symlink"):
        real(tmp_path / "a")


@pytest.mark.skipif(sys.platform == "win32", reason="there it is the link's owner that counts")
@pytest.mark.parametrize(
    ("rights", "followed"), [(0o755, True), (0o700, True), (0o777, False), (0o1777, True), (0o757, False)]
)
def test_who_else_can_write_in_the_folder_of_a_link_decides(tmp_path: Path, rights: int, followed: bool) -> None:
    """In a folder like /tmp nobody can take away another's link."""
    (tmp_path / "there").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link"
    systems.link(link, tmp_path / "there")
    (tmp_path / "folder").chmod(rights)
    if followed:
        assert content(link) == b"x"
    else:
        with pytest.raises(Planted):
            content(link)


@pytest.mark.skipif(sys.platform == "win32", reason="groups are not what decides there")
@pytest.mark.parametrize(
    ("name", "members", "alone"),
    [("clerk", [], True), ("clerk", ["clerk"], True), ("clerk", ["bob"], False), ("staff", [], False)],
)
def test_a_group_with_nobody_else_in_it_is_like_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, members: list[str], alone: bool
) -> None:
    """Many systems make one for each user, and let it write wherever the user may."""
    group = os.lstat(tmp_path).st_gid
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_name="clerk", pw_gid=group))
    monkeypatch.setattr("grp.getgrgid", lambda _: SimpleNamespace(gr_name=name, gr_mem=members))
    (tmp_path / "there").write_bytes(b"x")
    systems.link(tmp_path / "link", tmp_path / "there")
    tmp_path.chmod(0o775)
    if alone:
        assert content(tmp_path / "link") == b"x"
    else:
        with pytest.raises(Planted):
            content(tmp_path / "link")


def test_another_users_link_in_a_folder_for_all_is_planted(shared: Path, diary: Path) -> None:
    """Also where nobody may take away another's files."""
    shared.chmod(0o1777)
    systems.as_another_user(lambda: (shared / "link").symlink_to(diary))
    with pytest.raises(Planted):
        content(shared / "link")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "socket"])
def test_only_files_are_opened_and_nothing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A pipe would be waited for until somebody writes into it, and a device may never end."""
    path = tmp_path / "August.xlsx"
    try:
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        else:
            import socket

            monkeypatch.chdir(tmp_path)  # its path must be short
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(path.name)
    except (OSError, AttributeError):
        pytest.skip(f"this user or system makes no {kind}")
    with pytest.raises(OSError, match="no file"):
        content(path)
    with pytest.raises(OSError, match="no file"):
        save(path, b"new")
    assert not writable(path)


def test_more_than_is_wanted_is_not_read(tmp_path: Path) -> None:
    """A file is read up to the limit of its reader; a larger one is refused."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"12345")
    assert content(path, 5) == b"12345"
    with pytest.raises(OSError, match="large"):
        content(path, 4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reaches files by their whole path only")
def test_what_takes_a_held_folders_place_is_not_meant(shared: Path, diary: Path) -> None:
    """Who may write above it could put a link to another in its place."""
    (shared / "upload").mkdir()
    with Folder(shared / "upload") as folder:
        (shared / "upload").rename(shared / "before")
        systems.link(shared / "upload", diary.parent)
        os.close(folder.create("new"))
        folder.replace("new", "newer")
        folder.move("newer", folder, "newest")
        assert folder.names() == ["newest"]
        assert folder.facts("newest") is not None
        assert folder.facts(diary.name) is None
        folder.remove("newest")
        folder.sync()
    assert os.listdir(shared / "before") == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reaches files by their whole path only")
def test_a_link_that_comes_after_the_look_is_not_followed(
    shared: Path, diary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking at a path and opening it somebody may put a link in it."""
    (shared / "upload").mkdir()
    (shared / "upload" / diary.name).write_bytes(b"public")

    def look(path: Path) -> Path:
        if not (shared / "before").exists():
            (shared / "upload").rename(shared / "before")
            systems.link(shared / "upload", diary.parent)
        return path

    monkeypatch.setattr(folders, "real", look)
    with pytest.raises(OSError, match=r"Not a directory|symbolic"):
        content(shared / "upload" / diary.name)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    """What is made in a folder has a name of its own there, which cannot lead elsewhere."""
    with Folder(tmp_path) as folder, pytest.raises(ValueError, match="name"):
        folder.create(name)


# ---------------------------------------------------------------- Windows
# Its links and junctions are reparse points, and it has no way to open without following that also reads what is
# packed or only online: so it is looked at by name, opened, and looked at again. Here the calls have stand-ins.


@pytest.mark.skipif(sys.platform != "win32", reason="elsewhere it is seen by a number")
def test_whose_a_file_is_on_windows(tmp_path: Path) -> None:
    """The user's own, and the system's; nothing that cannot be looked at."""
    assert links._trusted(tmp_path, os.lstat(tmp_path))
    assert links._trusted(Path(os.environ["SYSTEMROOT"]), os.lstat(tmp_path))
    assert not links._trusted(tmp_path / "nothing", os.lstat(tmp_path))


@pytest.mark.parametrize(
    ("tag", "leads"),
    [(0, False), (0xA000000C, True), (0xA0000003, True), (0xA000001D, True), (0x9000001A, False), (0x80000013, False)],
    ids=["file", "link", "junction", "link of Linux", "OneDrive", "deduplicated"],
)
def test_which_reparse_points_are_links(tag: int, leads: bool) -> None:
    """What is only online, or kept once for many files, is the file itself."""
    facts = SimpleNamespace(st_mode=stat.S_IFREG | 0o666, st_reparse_tag=tag)
    assert is_link(facts) is leads  # type: ignore[arg-type]


def test_what_was_swapped_while_it_was_opened_is_seen(
    shared: Path, diary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where the file is opened that a link leads to."""
    path = shared / "August.xlsx"
    path.write_bytes(b"public")
    monkeypatch.setattr(folders, "_SAFELY", getattr(os, "O_BINARY", 0))
    open_ = os.open

    def swapped(name: str, flags: int, *more: int, **folder: int) -> int:
        path.unlink()
        systems.link(path, diary)
        return open_(name, flags, *more, **folder)

    with Folder(shared) as folder:
        monkeypatch.delattr(os, "O_NOFOLLOW", raising=False)
        monkeypatch.setattr(os, "open", swapped)
        with pytest.raises(Planted):
            folder.open(path.name)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows hands a folder's rights down by itself")
def test_a_folder_that_is_made_is_for_all_who_may_write_around_it(tmp_path: Path) -> None:
    """A team shares the upload folder: what one of them has made there serves the others, too."""
    team = tmp_path / "team"
    team.mkdir()
    team.chmod(0o770)
    before = os.umask(0o022)
    try:
        with Folder(team) as folder, folder.within("Done", make=True):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((team / "Done").stat().st_mode) == 0o770
    (team / "Done").chmod(0o700)
    with Folder(team) as folder, folder.within("Done", make=True):
        pass
    assert stat.S_IMODE((team / "Done").stat().st_mode) == 0o700
