"""The story of a run: load a workbook, check it, plan, ask, send, and hand back what became of each row.

The upload folder, the command line and the window call this package and show what comes.
"""
