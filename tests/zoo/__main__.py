"""``python -m tests.zoo FOLDER``: make every workbook of the zoo."""

from __future__ import annotations

import sys
from pathlib import Path

from . import ZOO


def main(folder: Path) -> None:
    """Make them, and say what each is."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in ZOO.values():
        (folder / each.name).write_bytes(each.make())
        print(f"{each.name:45} {each.refused or each.advice or 'in place':30} {each.about}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
