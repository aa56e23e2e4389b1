"""A workbook that was read, as bytes that can go from one process to another: plain JSON, never objects.

Rows that have cells of the same columns and kinds share a shape, so that what is sent is mostly the texts.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from bulkops.model.rows import Cell, Kind, Shown
from bulkops.workbook.sheets import Sheet, SheetRow, Subtotal, Workbook

_KINDS, _SHOWN = list(Kind), list(Shown)
_KIND = {id(kind): position for position, kind in enumerate(_KINDS)}
_WAY = {id(shown): position for position, shown in enumerate(_SHOWN)}
"""By identity: an enum's own hash takes longer than all the rest of a cell."""
_FACTS = [each.name for each in fields(Sheet) if each.name != "rows"]


def encode(workbook: Workbook) -> bytes:
    """Everything but the path, which the receiver knows."""
    made = {
        "sha256": workbook.sha256,
        "content_hash": workbook.content_hash,
        "unfit": workbook.unfit,
        "sheets": [_sheet(sheet) for sheet in workbook.sheets],
    }
    return json.dumps(made, separators=(",", ":"), check_circular=False).encode("ascii")


def decode(content: bytes, path: Path) -> Workbook:
    """What ``encode`` was given. Raises ValueError, LookupError or TypeError for anything else."""
    made = json.loads(content)
    sheets = tuple(_decoded(**sheet) for sheet in made["sheets"])
    code, detail = made["unfit"]
    return Workbook(path, made["sha256"], made["content_hash"], sheets, (code, detail))


def _sheet(sheet: Sheet) -> dict[str, Any]:
    shapes: dict[tuple[Any, ...], int] = {}
    rows: list[tuple[int, bool, int]] = []
    texts: list[str] = []
    for row in sheet.rows:
        columns, kinds, words, shown, decimals = zip(*row.cells.values(), strict=True)
        shape = (*columns, *map(id, kinds), *map(id, shown), *decimals)
        rows.append((row.number, row.hidden, shapes.setdefault(shape, len(shapes))))
        texts += words
    return {
        **{name: getattr(sheet, name) for name in _FACTS},
        "shapes": [_columns(shape) for shape in shapes],
        "rows": rows,
        "texts": texts,
    }


def _columns(shape: tuple[Any, ...]) -> tuple[Sequence[Any], ...]:
    """Columns, kinds and ways of being shown by their numbers, decimals."""
    width = len(shape) // 4
    columns, kinds, shown, decimals = (shape[at : at + width] for at in range(0, len(shape), width))
    return columns, [_KIND[kind] for kind in kinds], [_WAY[way] for way in shown], decimals


def _decoded(shapes: list[list[list[Any]]], rows: list[list[int]], texts: list[str], **facts: Any) -> Sheet:
    sheet = Sheet(**facts)
    for name in ("hidden_columns", "merged", "totals", "sums", "unsure_zeros", "calculated"):
        setattr(sheet, name, [tuple(each) for each in facts[name]])
    sheet.subtotals = [Subtotal(*each) for each in sheet.subtotals]
    known = [
        (columns, [_KINDS[kind] for kind in kinds], [_SHOWN[way] for way in shown], decimals)
        for columns, kinds, shown, decimals in shapes
    ]
    # Many cells hold the same text; one of each will do.
    once: dict[str, str] = {}
    words = map(once.setdefault, texts, texts)
    for number, hidden, shape in rows:
        columns, kinds, shown, decimals = known[shape]
        cells = zip(columns, kinds, islice(words, len(columns)), shown, decimals, strict=True)
        made = map(tuple.__new__, repeat(Cell), cells)
        sheet.rows.append(SheetRow(number, bool(hidden), dict(zip(columns, made, strict=True))))
    return sheet
