"""About an upload folder."""

from bulkops.messages.message import Message

MESSAGES = (
    Message(
        "inbox.no_folder",
        "No upload folder",
        "{path} is not a folder that can be opened.",
        "Check the name, and that the disk it is on is connected.",
    ),
    Message(
        "inbox.outcome",
        "A folder for what was dealt with",
        "{path} has the name of a folder that workbooks are moved to when they were dealt with ({value}).",
        "Choose the upload folder itself.",
    ),
    Message(
        "inbox.no_access",
        "Upload folder cannot be used",
        "{path}: something in this folder or in the data folder of bulkops cannot be read or written ({value}).",
        "Make sure that you may write there and that the disk has room, then start again: what was sent is recorded, and nothing is sent twice.",
    ),
    Message(
        "inbox.copying",
        "Still being copied",
        "{path} is still being copied or saved.",
        "Leave it there: it is taken once it stays as it is.",
    ),
    Message(
        "inbox.not_workbook",
        "Not a workbook",
        "{path} is not a kind of file that an upload folder takes.",
        "Save it as .xlsx, .xlsm, .xls, .ods or .csv, or take it out of the folder.",
    ),
    Message(
        "inbox.link", "Only a link", "{path} only leads to another file.", "Put the workbook itself into the folder."
    ),
    Message(
        "inbox.two_names",
        "One file with two names",
        "{path} is one file with two names, and the other may be that of somebody else's file elsewhere.",
        "Put a copy of the workbook into the folder instead.",
    ),
    Message(
        "inbox.no_place",
        "No folder to move workbooks to",
        "{path} is a link or a file, where bulkops needs a folder of that name: no workbook can be moved there.",
        "Remove it from the folder. bulkops makes the folder itself.",
    ),
    Message(
        "inbox.no_file",
        "No file",
        "{path} is a pipe or a device, not a file.",
        "Remove it from the folder.",
    ),
    Message(
        "inbox.name",
        "A name that cannot be kept",
        "The name of {path} holds characters that cannot be read or recorded (line breaks, control characters, bytes of another encoding).",
        "Choose another name for it.",
    ),
    Message(
        "inbox.online",
        "Only online",
        "{path} is not on this computer yet, only its name is.",
        "Open it once, or choose “Always keep on this device” for the folder.",
    ),
    Message(
        "inbox.empty",
        "Empty file",
        "{path} is empty (0 bytes): it is still on its way, or was not saved.",
        "Put the workbook into the folder again if it stays so.",
    ),
    Message(
        "inbox.too_big",
        "Too big for a workbook",
        "{path} is bigger than any workbook that bulkops reads.",
        "Split it, or remove it from the folder.",
    ),
    Message(
        "inbox.open",
        "Open in a program",
        "{path} is open in Excel or LibreOffice.",
        "Close it there; then check again.",
    ),
    Message(
        "inbox.held",
        "Another program keeps it",
        "{path} cannot be taken: another program has it open or is still copying it, or you may not read or move it.",
        "Close it there, or wait for a moment, and check again; if it stays so, ask who put it there.",
    ),
    Message(
        "inbox.too_long",
        "Path too long",
        "The path of {path} would be too long where its results and corrections are to lie.",
        "Make its name shorter, or use an upload folder nearer to the top of the disk: Windows counts all folders, to 259.",
    ),
    Message(
        "inbox.ours",
        "Results of bulkops",
        "{path} holds results that bulkops has written, and no rows of its own.",
        "Remove it from the folder. Rows are run from their own workbook.",
    ),
    Message(
        "inbox.half",
        "Perhaps not whole yet",
        "{value} It was changed just now, so it may still be on its way, and stays in the folder.",
        "Leave it there. If it is the same in two minutes, it goes to Needs attention.",
    ),
    Message(
        "inbox.in_use",
        "Somebody else has it",
        "{path} is in use by {value}. What was sent from there is not known on this computer, so it is left alone.",
        "Wait until that person is done. If that computer is surely gone: look in EnergyCAP for what its rows have done, take those rows out of the workbook, and only then remove the hidden file {extra} beside it.",
    ),
    Message(
        "inbox.gone",
        "Taken or changed meanwhile",
        "{path} was changed, or taken by somebody else, since it was looked at. Nothing was sent.",
        "Check again.",
    ),
    Message(
        "inbox.changed",
        "Changed while it was run",
        "{path} was changed while it was run, so it stays in the folder.",
        "Check the folder again: then it is run once more, and rows that are done are not sent twice.",
    ),
    Message(
        "inbox.elsewhere",
        "Perhaps sent from another computer",
        "{path} may have been sent from another computer, so it was not run ({value}).",
        "Look in EnergyCAP for what its rows have done. To run it all the same, put it back into the upload folder and say yes to it yourself.",
        cli_hint="leave out --yes",
    ),
    Message(
        "inbox.unmoved",
        "Could not be moved",
        "{path} could not be claimed or moved ({value}), so it stays in the folder.",
        "Close it in other programs, and make sure that you may write in the folder and that no file or link there is called Done, Needs attention or In doubt. Then check again: rows that are done are not sent twice.",
    ),
    Message(
        "inbox.renamed",
        "Another name",
        "{path} is called {value} now, because there is an earlier workbook of that name.",
        "Look for it under that name.",
        warning=True,
    ),
    Message(
        "inbox.practised",
        "Only practised",
        "{path} was run on Practice: nothing reached EnergyCAP.",
        "Put it back into the upload folder to run it for real, and choose your EnergyCAP first.",
        warning=True,
        cli_hint="--env NAME",
    ),
    Message(
        "inbox.finished",
        "An earlier pass was finished",
        "{path} was run before and is in {value} now; its move had been cut short.",
        "Look for its results there.",
        warning=True,
    ),
)
