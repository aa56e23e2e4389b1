"""The parts of a package by their relationships (Open Packaging Conventions)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from bulkops.workbook.allowance import TooBig
from bulkops.workbook.writing.repack import Archive
from bulkops.workbook.xml_patch import MOST_BYTES, Element, Part


def read_part(archive: Archive, name: str, keep: Callable[[Element, Element], bool] = lambda *_: True) -> Part:
    """A part's elements. Raises OddPart if it cannot be read, TooBig, OddArchive if it is missing."""
    part = Part(name, read_small(archive, name), keep)
    archive.allowance.take(part.seen)
    return part


def read_small(archive: Archive, name: str) -> bytes:
    """A part's content, unless that would take much memory: then it raises TooBig; OddArchive if it is missing."""
    if archive.size(name) > MOST_BYTES:
        raise TooBig(f"{name} holds more than {MOST_BYTES >> 20} MB")
    return archive.read(name)


def rels_of(part: str) -> str:
    """The name of the part with another part's relationships; "" stands for the package."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def related_by_id(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Relationship id → (kind, target part); external targets are left out."""
    if rels_of(part) not in archive:
        return {}
    found = {}
    for each in read_part(archive, rels_of(part)).root.children:
        if each.attributes.get("TargetMode") != "External":
            target = posixpath.join("/" + posixpath.dirname(part), each.attributes.get("Target", "").replace("\\", "/"))
            found[each.attributes.get("Id", "")] = (
                each.attributes.get("Type", ""),
                posixpath.normpath(target).lstrip("/"),
            )
    return found


def related(archive: Archive, part: str) -> list[tuple[str, str]]:
    """(kind, target part) of each relationship."""
    return list(related_by_id(archive, part).values())
