"""A package written anew with some parts changed: the others' packed bytes stay as they are.

zipfile reads the directory; the records are written here, for zipfile would pack every part again.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bulkops.workbook.allowance import TooBig
from bulkops.workbook.package import MOST_PARTS, DamagedPackage, Package, part_name

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _FIRST_DAY = 20, 33
"""What deflate needs; 1 January 1980, as Excel dates its parts."""
_SIZES_FOLLOW, _UTF8 = 0x8, 0x800
_ZIP64 = 1
_MOST_NEW, _MOST_BYTES = 3, 0xFFFFFFFE
"""Parts that are added; beyond so many bytes a zip needs the long form, which no list of rows does."""


class UndatedZip(zipfile.ZipFile):
    """A new zip whose parts all have the first day that a zip can tell: a clock that is wrong keeps none from being
    written."""

    def writestr(self, part: Any, content: Any, *more: Any) -> None:
        """As zipfile's."""
        if isinstance(part, str):
            part = zipfile.ZipInfo(part)
            part.compress_type = self.compression
        super().writestr(part, content, *more)

    def write(self, file: Any, name: Any = None, *more: Any) -> None:
        """As zipfile's; the file is read whole."""
        self.writestr(str(name or file), Path(file).read_bytes(), *more)


def see_to_repacking(package: Package) -> None:
    """Raises DamagedPackage, TooBig for a package that cannot be written anew with some more parts."""
    if min((info.header_offset for info in package.infos.values()), default=1) != 0:
        raise DamagedPackage("it does not begin with a part")
    if len(package.infos) > MOST_PARTS - _MOST_NEW:
        raise TooBig(f"more than {MOST_PARTS - _MOST_NEW:,} parts")


def packed(package: Package, part: str) -> tuple[int, int, int, bytes]:
    """(method, check sum, size, packed bytes) of a part."""
    info = package.infos[part_name(part)]
    return info.compress_type, info.CRC, info.file_size, _local(package, info)[2]


def repacked(package: Package, parts: Mapping[str, bytes]) -> bytes:
    """The package with these parts changed or added. Raises DamagedPackage, TooBig."""
    changed = {part_name(name): content for name, content in parts.items()}
    out, directory = io.BytesIO(), []
    for name, info in package.infos.items():
        raw_name, extra, data = _local(package, info)
        facts = [info.flag_bits & ~_SIZES_FOLLOW, info.compress_type, *_moment(info), info.CRC, len(data)]
        facts.append(info.file_size)
        if name in changed:
            data, facts[4:], facts[1] = *_deflated(changed.pop(name)), zipfile.ZIP_DEFLATED
        directory.append(_record(out, info, raw_name, facts, extra, data))
    for name, content in parts.items():
        if part_name(name) in changed:
            data, sums = _deflated(content)
            facts = [0 if name.isascii() else _UTF8, zipfile.ZIP_DEFLATED, 0, _FIRST_DAY, *sums]
            directory.append(_record(out, zipfile.ZipInfo(name), name.encode(), facts, b"", data))
    start, count, comment = out.tell(), len(directory), package.zip.comment
    out.write(b"".join(directory))
    if out.tell() > _MOST_BYTES:
        raise TooBig(f"more than {_MOST_BYTES >> 20} MB")
    out.write(_END.pack(b"PK\5\6", 0, 0, count, count, out.tell() - start, start, len(comment)) + comment)
    return out.getvalue()


def _local(package: Package, info: zipfile.ZipInfo) -> tuple[bytes, bytes, bytes]:
    """(name, extra field, packed bytes) of a part as they lie in the container."""
    start = info.header_offset + _LOCAL.size
    header = package.content[info.header_offset : start]
    if len(header) < _LOCAL.size or not header.startswith(b"PK\3\4"):
        raise DamagedPackage(f"{info.filename} does not lie where the directory says")
    *_, name, extra = _LOCAL.unpack(header)
    data = package.content[start + name + extra :][: info.compress_size]
    if len(data) != info.compress_size:
        raise DamagedPackage(f"{info.filename} ends too early")
    rest = package.content[start : start + name + extra]
    return rest[:name], _short_form(rest[name:]), data


def _moment(info: zipfile.ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2, max(year - 1980, 0) << 9 | month << 5 | day


def _short_form(extra: bytes) -> bytes:
    """An extra field without its record for big sizes: the sizes themselves are written where they belong."""
    others = b""
    while len(extra) >= 4:
        kind, size = struct.unpack("<2H", extra[:4])
        if kind != _ZIP64:
            others += extra[: 4 + size]
        extra = extra[4 + size :]
    return others


def _deflated(content: bytes) -> tuple[bytes, list[int]]:
    """(packed bytes, [check sum, packed size, size])."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = packer.compress(content) + packer.flush()
    return data, [zlib.crc32(content), len(data), len(content)]


def _record(out: io.BytesIO, info: zipfile.ZipInfo, name: bytes, facts: list[int], extra: bytes, data: bytes) -> bytes:
    """Write one part; returns its line in the directory."""
    at = out.tell()
    out.write(_LOCAL.pack(b"PK\3\4", max(info.extract_version, _VERSION), *facts, len(name), len(extra)))
    out.write(name + extra + data)
    made_by = info.create_system << 8 | info.create_version
    more = _short_form(info.extra)
    lengths = (len(name), len(more), len(info.comment), 0)
    where = (info.internal_attr, info.external_attr, at)
    version = max(info.extract_version, _VERSION)
    return _CENTRAL.pack(b"PK\1\2", made_by, version, *facts, *lengths, *where) + name + more + info.comment
