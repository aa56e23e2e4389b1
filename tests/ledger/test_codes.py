"""Codes of Send again."""

from __future__ import annotations

import re

from bulkops.ledger.codes import is_code, new_code, new_codes


def test_codes_are_six_consonants():
    """No word, no number, no date, and nothing that a spreadsheet counts up where it is dragged."""
    codes = {new_code() for _ in range(5000)}
    assert all(re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{6}", code) and is_code(code) for code in codes)
    assert set("".join(codes)) == set("BCDFGHJKLMNPQRSTVWXZ")
    assert len(codes) > 4990
    assert not any(map(is_code, ("", "row", "run", "bcdfgh", "BCDFG", "BCDFGHJ", "ABCDFG", "BCDFG1")))


def test_many_codes_at_once_are_all_different_and_none_in_use():
    """As an earlier version's ledger gets them; so many that chance alone would draw some of them twice."""

    class Used:
        def __contains__(self, code: object) -> bool:
            return str(code)[0] in "BCDFGHJKLM"

    drawn = new_codes(20_000, Used())
    assert len(set(drawn)) == 20_000
    assert all(is_code(code) and code not in Used() for code in drawn)
