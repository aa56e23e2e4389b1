"""About the window and what it opens."""

from bulkops.messages.message import Message

MESSAGES = (
    Message(
        "window.no_tk",
        "No window can be shown",
        "This Python comes without tkinter, which draws the window.",
        "Install it (Debian and Ubuntu: sudo apt install python3-tk), or install Python 3.13 from python.org.",
        cli_hint="bulkops check WORKBOOK",
    ),
    Message(
        "window.no_display",
        "No window can be shown",
        "There is no screen on which the window could be shown.",
        "Start bulkops on a computer with a screen.",
        cli_hint="bulkops check WORKBOOK",
    ),
    Message(
        "open.gone",
        "File is not there",
        "{name} is not there any more: it was moved, renamed or deleted ({path}).",
        "Look for it in that folder. The results of a run can be made again in the History.",
    ),
    Message(
        "open.no_workbook",
        "Not a workbook",
        "{name} is no workbook, or only a link, so bulkops does not open it ({path}).",
        "Ask who put it there before you open it yourself.",
    ),
    Message(
        "open.no_program",
        "File was not opened",
        "{name} could not be opened by a program on this computer ({path}).",
        "Copy the path, and open the file in Excel or another spreadsheet program.",
    ),
    Message(
        "key.not_typed",
        "No key typed",
        "There is no key in the field.",
        "Copy the key where you got it, and paste it into the field.",
    ),
    Message(
        "key.only_here",
        "Key was not stored",
        "The key was not stored: this computer has no safe place for it ({value}).",
        "Choose “Use until bulkops closes”: then it is kept in memory only, and you paste it again next time.",
    ),
    Message(
        "history.results",
        "Results were not written",
        "The results of run {value} could not be written to {path}.",
        "Free some disk space, close that file if it is open, and try again. The results are kept in the history.",
    ),
)
