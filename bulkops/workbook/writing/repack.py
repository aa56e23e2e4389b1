"""A zip container that can be written anew with some parts changed and the others' packed bytes as they are.

zipfile reads the directory; the records are written here, for zipfile would pack every part again.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bulkops.workbook.allowance import MOST_UNPACKED, Allowance, TooBig, opened_zip

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _FIRST_DAY = 20, 33
"""What deflate needs; 1 January 1980, as Excel dates its parts."""
_SIZES_FOLLOW, _ENCRYPTED, _UTF8 = 0x8, 0x1, 0x800
_ZIP64 = 1
_PIECE = 2**20
MOST_ELEMENTS = 6_000_000
"""Of all parts that are gone through: 100,000 lines of results have half as many."""
_LONGEST_PIECE = 2**24
_MOST_ENTRIES, _MOST_BYTES = 0xFFFE, 0xFFFFFFFE
"""Beyond them a zip needs the long form, which no list of rows does."""
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, RuntimeError, ValueError, OSError)
"""What zipfile and zlib raise over a damaged container; RuntimeError also for what zipfile does not know."""


class OddArchive(ValueError):
    """The container cannot be written anew without a doubt; its text says why."""


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


class Archive:
    """A zip in memory. Raises OddArchive for one that another program may read differently, or that is damaged, and
    TooBig for one in which there is more than its allowance."""

    def __init__(self, content: bytes, allowance: Allowance | None = None) -> None:
        self._content = content
        self.allowance = allowance or Allowance(MOST_ELEMENTS, 2 * MOST_UNPACKED)
        try:
            self._zip = opened_zip(content)
        except TooBig:
            raise
        except BROKEN as error:
            raise OddArchive("its directory cannot be read") from error
        self._infos: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = _part(info.filename)
            if name in self._infos:
                raise OddArchive(f"two parts are called {name}")
            if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise OddArchive(f"{name} is packed in another way than Excel's")
            self._infos[name] = info
        if sum(info.file_size for info in self._infos.values()) > MOST_UNPACKED:
            raise TooBig(f"more than {MOST_UNPACKED >> 20} MB when it is unpacked")
        if len(self._infos) > _MOST_ENTRIES or min((i.header_offset for i in self._infos.values()), default=1) != 0:
            raise OddArchive("it does not begin with a part")

    def __contains__(self, part: str) -> bool:
        return _part(part) in self._infos

    def __iter__(self) -> Iterator[str]:
        """The parts' names, in lower case and with slashes."""
        return iter(self._infos)

    def size(self, part: str) -> int:
        """How many bytes a part's content has. Raises OddArchive if it is missing."""
        if part not in self:
            raise OddArchive(f"{part} is missing")
        return self._infos[_part(part)].file_size

    def read(self, part: str) -> bytes:
        """A part's content, its check sum seen to. Raises OddArchive if it is damaged or missing."""
        return b"".join(self.pieces(part))

    def pieces(self, part: str) -> Iterator[bytes]:
        """The same, piece by piece."""
        size = self.size(part)
        try:
            with self._zip.open(self._infos[_part(part)]) as stream:
                while piece := stream.read(_PIECE):
                    size -= len(piece)
                    self.allowance.unpack(len(piece))
                    yield piece
        except TooBig:
            raise
        except BROKEN as error:
            raise OddArchive(f"{part} is damaged") from error
        if size:
            raise OddArchive(f"{part} is damaged")

    def pieces_before(self, part: str, mark: bytes) -> Iterator[bytes]:
        """The same, but each ends where the mark begins or the part ends: what begins with the mark is never cut."""
        rest = b""
        for piece in self.pieces(part):
            text = rest + piece
            at = max(text.rfind(mark), 0)
            if at:
                yield text[:at]
            rest = text[at:]
            if len(rest) > _LONGEST_PIECE:
                raise TooBig(part)
        yield rest

    def packed(self, part: str) -> tuple[int, int, int, bytes]:
        """(method, check sum, size, packed bytes) of a part."""
        info = self._infos[_part(part)]
        _, data = self._local(info)
        return info.compress_type, info.CRC, info.file_size, data

    def with_parts(self, parts: Mapping[str, bytes]) -> bytes:
        """The container with these parts changed or added; all others stay as they are packed. Raises OddArchive."""
        changed = {_part(name): content for name, content in parts.items()}
        out, directory = io.BytesIO(), []
        for name, info in self._infos.items():
            extra, data = self._local(info)
            facts = [info.flag_bits & ~_SIZES_FOLLOW, info.compress_type, *_moment(info), info.CRC, len(data)]
            facts.append(info.file_size)
            if name in changed:
                data, facts[4:], facts[1] = *_deflated(changed.pop(name)), zipfile.ZIP_DEFLATED
            directory.append(_record(out, info, self._raw_name(info), facts, extra, data))
        for name, content in parts.items():
            if _part(name) in changed:
                data, sums = _deflated(content)
                info = zipfile.ZipInfo(name)
                facts = [0 if name.isascii() else _UTF8, zipfile.ZIP_DEFLATED, 0, _FIRST_DAY, *sums]
                directory.append(_record(out, info, name.encode(), facts, b"", data))
        start, comment = out.tell(), self._zip.comment
        out.write(b"".join(directory))
        size = out.tell() - start
        if out.tell() > _MOST_BYTES or len(directory) > _MOST_ENTRIES:
            raise OddArchive("it is too big")
        count = len(directory)
        out.write(_END.pack(b"PK\5\6", 0, 0, count, count, size, start, len(comment)) + comment)
        return out.getvalue()

    def _local(self, info: zipfile.ZipInfo) -> tuple[bytes, bytes]:
        """(extra field, packed bytes) of a part as they lie in the container."""
        start = info.header_offset + _LOCAL.size
        header = self._content[info.header_offset : start]
        if len(header) < _LOCAL.size or not header.startswith(b"PK\3\4"):
            raise OddArchive(f"{info.filename} does not lie where the directory says")
        *_, name, extra = _LOCAL.unpack(header)
        data = self._content[start + name + extra :][: info.compress_size]
        if len(data) != info.compress_size:
            raise OddArchive(f"{info.filename} ends too early")
        return _short_form(self._content[start + name : start + name + extra]), data

    def _raw_name(self, info: zipfile.ZipInfo) -> bytes:
        start = info.header_offset + _LOCAL.size
        return self._content[start : start + _LOCAL.unpack(self._content[info.header_offset : start])[9]]


def _part(name: str) -> str:
    """Parts are told apart without case."""
    return name.replace("\\", "/").lstrip("/").lower()


def _moment(info: zipfile.ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2, max(year - 1980, 0) << 9 | month << 5 | day


def _short_form(extra: bytes) -> bytes:
    """An extra field without its record for big sizes: the sizes themselves are written where they belong."""
    kept = b""
    while len(extra) >= 4:
        kind, size = struct.unpack("<2H", extra[:4])
        if kind != _ZIP64:
            kept += extra[: 4 + size]
        extra = extra[4 + size :]
    return kept


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
