"""The zoo: workbooks with everything that Excel and its imitators put into a file, and with what goes wrong in one.

    python -m tests.zoo FOLDER    makes them all, and prints what each is

Each says whether its results can be grafted into it (``bulkops.workbook.writing.graft``), and if not, for which reason.
"""

from . import marks, ours, packages, programs, refused, shapes, sheets
from .book import ZOO, Resident

__all__ = ["ZOO", "Resident", "marks", "ours", "packages", "programs", "refused", "shapes", "sheets"]
