"""A rename never replaces what has the new name."""

from __future__ import annotations

import os
import sys

import pytest

from bulkops.system import rename
from bulkops.system.folders import Folder

WAYS = ["rename_no_replace", *([] if sys.platform == "win32" else ["_rename_without_links"])]


@pytest.mark.parametrize("way", WAYS)
def test_a_name_is_only_given_where_it_is_free(tmp_path, way):
    """With links and without."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    other.write_text("2")
    with Folder(tmp_path) as folder:
        with pytest.raises(FileExistsError):
            getattr(rename, way)(folder, "one", folder, "other")
        assert (one.read_text(), other.read_text()) == ("1", "2")
        other.unlink()
        getattr(rename, way)(folder, "one", folder, "other")
    assert (one.exists(), other.read_text()) == (False, "1")


@pytest.mark.skipif(sys.platform == "win32", reason="there a rename is one step, and nothing is ever half done")
def test_what_was_half_done_is_done(tmp_path):
    """A death has left the file under both names."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    os.link(one, other)
    with Folder(tmp_path) as folder:
        rename.rename_no_replace(folder, "one", folder, "other")
    assert (one.exists(), other.read_text()) == (False, "1")
