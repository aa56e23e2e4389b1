"""The catalogue: every sentence an operator can read about something that went wrong.

    CannotStart      nothing was sent; exit code 2
    MustStop         a run that has begun cannot go on; rows in flight are recorded, exit code 3

Each entry has a code (stable), a title, a sentence and a tip. Rules of one operation
stand in that operation's file; ``catalogue()`` in operations/catalogue gives all of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be wrong: what it is called, what is said, what to do."""

    code: str
    title: str
    sentence: str
    """With {placeholders} for what differs from case to case."""
    tip: str
    warning: bool = False
    """The row is sent all the same."""


class BulkopsError(Exception):
    """A known trouble, by its code in the catalogue, with the facts its sentence needs."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts
        entry = COMMON[code]
        self.sentence = entry.sentence.format(**facts)
        self.tip = entry.tip.format(**facts)

    def __str__(self) -> str:
        return f"{self.sentence} {self.tip}".strip()


class CannotStart(BulkopsError):
    """Nothing was sent and nothing will be."""


class MustStop(BulkopsError):
    """The run ends here: what was sent is recorded, what was not sent stays unsent."""


_AS_XLSX = "Open it in Excel, choose Save As, and pick “Excel Workbook (*.xlsx)”."

_WORKBOOK = (
    Entry("workbook.missing", "No such workbook", "There is no file {path}.", "Check the name and the folder."),
    Entry("workbook.folder", "A folder, not a workbook", "{path} is a folder.", "Name a workbook in it."),
    Entry(
        "workbook.no_access",
        "Workbook cannot be opened",
        "{path} cannot be opened.",
        "Close it in other programs, and make sure that you may read it and that it is on this computer, not only online.",
    ),
    Entry(
        "workbook.empty", "Empty file", "{path} is empty (0 bytes).", "Save the workbook again, or take another copy."
    ),
    Entry(
        "workbook.owner_file",
        "Excel's own marker file",
        "{path} only marks a workbook that is open in Excel.",
        "Choose the workbook without ~$ in front of its name.",
    ),
    Entry(
        "workbook.xls",
        "Very old Excel format",
        "{path} is an old Excel file (.xls) of a kind that cannot be read surely.",
        _AS_XLSX,
    ),
    Entry("workbook.xlsb", "Binary Excel format", "{path} is a binary workbook (.xlsb).", _AS_XLSX),
    Entry(
        "workbook.ods",
        "OpenDocument, but no spreadsheet",
        "{path} is an OpenDocument file, but no spreadsheet.",
        "Choose a spreadsheet (.ods), or a workbook of Excel's.",
    ),
    Entry(
        "workbook.csv",
        "Text file with unknown columns",
        "{path} is a text file (CSV), and what separates its columns cannot be told: not exactly one of comma, semicolon, tab and | gives known headings.",
        "Correct the headings, or name the separator in a first line (sep=;). Or open the file in Excel with every column as Text, and save it as .xlsx.",
    ),
    Entry(
        "workbook.encoding",
        "Text file in an unknown encoding",
        "{path}, line {value}: which letters stand there cannot be told, because the file is not in UTF-8.",
        "Open it in Excel, look at these letters, choose Save As, and pick “CSV UTF-8” or “Excel Workbook (*.xlsx)”.",
    ),
    Entry(
        "workbook.line",
        "A line of a text file that cannot be read surely",
        "{path}, line {value}: {detail}.",
        "Correct the line, or open the file in Excel with every column as Text, look at that line, and save it as .xlsx.",
    ),
    Entry("workbook.html", "Web page", "{path} is a web page or XML text with the name of a workbook.", _AS_XLSX),
    Entry(
        "workbook.encrypted",
        "Password-protected",
        "{path} is protected by a password, or by a label that encrypts it.",
        "Remove the password in Excel (File, Info, Protect Workbook), and save.",
    ),
    Entry(
        "workbook.not_excel",
        "Not a workbook",
        "{path} is not a workbook.",
        "Choose an .xlsx, .xlsm, .xls, .ods or .csv file.",
    ),
    Entry(
        "workbook.damaged",
        "Damaged workbook",
        "{path} is damaged ({detail}).",
        "Open it in Excel, let it repair the file, and save it; or take another copy.",
    ),
    Entry(
        "workbook.too_big",
        "Workbook too big",
        "{path} is too big to be a list of rows.",
        "Copy the rows into a new workbook.",
    ),
    Entry(
        "workbook.copy",
        "A copy that bulkops made",
        "{path} is a copy that bulkops made to put results into.",
        "Correct the rows in the workbook itself, and run that: it knows what was sent. Without it, copy the rows into a new workbook.",
    ),
    Entry(
        "workbook.changed",
        "Changed while it was read",
        "{path} was changed while bulkops was reading it. Nothing was sent.",
        "Save it, wait for a moment, and run it again.",
    ),
    Entry(
        "workbook.too_slow",
        "Workbook takes too long",
        "{path} takes too long to read; it is damaged, or too big to be a list of rows.",
        "Copy the rows into a new workbook.",
    ),
    Entry(
        "workbook.crashed",
        "Workbook cannot be read",
        "{path} cannot be read: reading it ended without an answer.",
        "Open it in Excel, save it under another name, and use that; or copy the rows into a new workbook.",
    ),
    Entry(
        "workbook.no_rows",
        "No rows to work on",
        "{path} holds no sheet with the headings of an operation and rows below.{extra}",
        "Start from a template (bulkops template PATH): its headings are recognised in any of a sheet's first 20 rows.",
    ),
)

_RESULTS = (
    Entry(
        "graft.format",
        "Results beside: not an .xlsx workbook",
        "{path} is not an .xlsx workbook, so it cannot hold a Results sheet.",
        "Save it as .xlsx to have the results in it.",
    ),
    Entry(
        "graft.signed",
        "Results beside: signed workbook",
        "{path} is digitally signed, and a new sheet would break the signature.",
        "To have the results in it, run a copy without the signature.",
    ),
    Entry(
        "graft.signed_macros",
        "Results beside: signed macros",
        "The macros in {path} are digitally signed, and Excel could drop the signature because of a new sheet.",
        "To have the results in it, run a copy saved as .xlsx.",
    ),
    Entry(
        "graft.shared",
        "Results beside: shared workbook",
        "{path} is shared in Excel's old way, which keeps a record of every change.",
        "End the sharing in Excel (Review, Unshare Workbook) to have the results in it.",
    ),
    Entry(
        "graft.damaged",
        "Results beside: damaged file",
        "{path} is damaged ({detail}).",
        "Open it in Excel, let it repair the file, and save it.",
    ),
    Entry(
        "graft.odd",
        "Results beside: unusual file",
        "{path} is made in an unusual way ({detail}).",
        "Save it in Excel to have the results in it.",
    ),
    Entry(
        "graft.styles_full",
        "Results beside: too many cell formats",
        "{path} has as many cell formats as Excel allows.",
        "To have the results in it, copy its rows into a new workbook.",
    ),
    Entry(
        "graft.too_many_rows",
        "Results beside: too many rows",
        "There are more results than rows in a sheet, which are 1,048,576.",
        "Split {path} into several workbooks.",
    ),
    Entry(
        "graft.not_proven",
        "Results beside: the check failed",
        "{path} with a Results sheet was not what it should be when it was read back ({detail}), so it was not used.",
        "The workbook is as it was. Please report this.",
    ),
    Entry(
        "graft.named",
        "The Results sheet has another name",
        "{path} has a sheet called Results, or the one of bulkops was renamed: the results are in the sheet “{detail}”.",
        "Nothing to do.",
    ),
    Entry(
        "graft.strange",
        "Another computer's results were left alone",
        "The sheet “{detail}” in {path} is of a run on another computer, so it stays as it is and a new one is made.",
        "Delete it when you are sure of what that run has sent.",
    ),
    Entry(
        "graft.kept",
        "An earlier Results sheet was left alone",
        "The sheet “{detail}” in {path} holds something besides results, so it stays as it is and a new one is made.",
        "To have one Results sheet again, delete or rename the earlier one.",
    ),
    Entry(
        "place.open",
        "Results beside: open in another program",
        "{path} is open in {detail}.",
        "Close it before a run to have the results in it.",
    ),
    Entry(
        "place.changed",
        "Results beside: changed meanwhile",
        "{path} is not as it was any more when it was read.",
        "Run it again to have the results in it: rows that are done will not be sent twice.",
    ),
    Entry(
        "place.gone",
        "Results beside: the workbook is gone",
        "{path} is not where it was when it was read.",
        "",
    ),
    Entry(
        "place.no_access",
        "Results beside: may not be changed",
        "{path} cannot be changed: it or its folder is write-protected, or another program holds it.",
        "To have the results in it, allow changes, and close it in other programs.",
    ),
    Entry(
        "place.linked",
        "Results beside: a file with two names",
        "{path} has another name in another folder (a hard link), and would have it no more.",
        "To have the results in it, run a copy.",
    ),
    Entry(
        "place.no_copy",
        "Results beside: no copy can be kept",
        "{path} as it is cannot be copied to {detail} first: the folder cannot be written, or its disk is full.",
        "Free some space, or allow writing there, to have the results in the workbook.",
    ),
    Entry(
        "place.no_room",
        "Results beside: too little room",
        "There is too little room on the disk of {path}.",
        "Free some space to have the results in it.",
    ),
    Entry(
        "place.locked",
        "Results beside: protected structure",
        "The structure of {path} is protected, so no sheet may be added to it.",
        "Unprotect it (Review, Protect Workbook) to have the results in it.",
    ),
    Entry(
        "place.read_only_recommended",
        "Results beside: read-only recommended",
        "{path} asks everybody to open it read-only.",
        "To have the results in it, switch that off in Excel (Save As, Tools, General Options).",
    ),
    Entry(
        "place.reserved",
        "Results beside: reserved",
        "{path} may only be changed by those who know its password.",
        "To have the results in it, remove the password (Save As, Tools, General Options).",
    ),
    Entry(
        "place.final",
        "Results beside: marked as final",
        "{path} is marked as final.",
        "To have the results in it, choose Edit Anyway in Excel, and save.",
    ),
)

_CORRECTIONS = (
    Entry(
        "corrections.name",
        "Not a name for corrections",
        "The corrections cannot be called {path}. Nothing was sent.",
        "Their name ends with .xlsx, for example {value}.",
    ),
    Entry(
        "corrections.same",
        "The corrections' place is taken by this run",
        "The corrections cannot go to {path}: that is {value}. Nothing was sent.",
        "Name another file with --corrections.",
    ),
    Entry(
        "corrections.taken",
        "A file that is not ours",
        "{path} is there already and is no corrections workbook of bulkops, so it is left alone. Nothing was sent.",
        "Name another file with --corrections.",
    ),
    Entry(
        "corrections.open",
        "The corrections are open",
        "{path} is open in {value}, and somebody may be correcting it. Nothing was sent.",
        "Close it, or name another file with --corrections.",
    ),
    Entry(
        "corrections.unwritable",
        "Corrections cannot be written",
        "The corrections cannot be written to {path}: that folder or file does not allow it. Nothing was sent.",
        "Name another file with --corrections.",
    ),
    Entry(
        "corrections.merged",
        "Cells that were merged",
        "Cells of the row are merged in {value}; here they are apart.",
        "Fill in every cell that should not be blank.",
        warning=True,
    ),
    Entry(
        "corrections.unreadable",
        "A cell of the corrections that must be typed again",
        "An error value stands where {value} holds nothing that can be read.",
        "Type over it, or clear the cell if it should be blank.",
        warning=True,
    ),
    Entry(
        "corrections.send_again",
        "Send again is not taken over",
        "Send again is Yes in {value} and was left blank here.",
        "Type Yes only if the row shall be sent although the same was done before, or may have been.",
        warning=True,
    ),
    Entry(
        "corrections.none",
        "Nothing to correct",
        "No row needs correcting, so no corrections workbook was written.",
        "",
        warning=True,
    ),
    Entry(
        "corrections.outside",
        "Rows that failed, but not by their own fault",
        "Rows without anything to correct in them, although they failed: {value}. They are not in the corrections.",
        "Do what they say, then run the workbook again, or: bulkops resume.",
        warning=True,
    ),
    Entry(
        "corrections.old",
        "Nothing to correct, and earlier corrections are there",
        "No row needs correcting, so no corrections workbook was written; {path} is an earlier one.",
        "Delete it if you are done with it.",
        warning=True,
    ),
    Entry(
        "corrections.kept",
        "Earlier corrections were replaced",
        "The earlier {path} was replaced; a copy of it is {value}.",
        "If somebody had begun to correct it, what was typed is in the copy.",
        warning=True,
    ),
    Entry(
        "corrections.lost",
        "Corrections not written",
        "The corrections could not be written to {path} ({value}).",
        "Every row says all the same what to correct in it.",
        warning=True,
    ),
)

_SHEET = (
    Entry(
        "heading.near",
        "A heading that is almost right",
        "The heading “{value}” is not known.{extra}",
        "Correct the heading, or clear it. No row of the sheet is sent until then.",
    ),
    Entry(
        "heading.unreadable",
        "A heading that cannot be read",
        "The heading cannot be read: it is the {extra}.",
        "Type the heading as text. No row of the sheet is sent until then.",
    ),
    Entry(
        "heading.twice",
        "Two headings with one meaning",
        "“{value}” means the same as the heading in {other}.",
        "Delete one of the two columns. No row of the sheet is sent until then.",
    ),
    Entry(
        "heading.missing",
        "A heading is missing",
        "The sheet has no column “{value}”.",
        "Add the column, or start from a template.",
    ),
    Entry(
        "heading.two_operations",
        "Two operations without an Operation column",
        "The sheet has the headings of several operations but no column Operation.",
        "Add a column Operation and say in each row which it is.",
    ),
    Entry(
        "operation.required", "The row does not say what it asks for", "Operation is blank.", "Type one of: {extra}."
    ),
    Entry("operation.unknown", "No such operation", "“{value}” is no operation.", "Type one of: {extra}."),
    Entry(
        "cell.merged",
        "Merged cells",
        "The row has merged cells ({value}).",
        "Unmerge them (Home, Merge & Center) and fill in every cell.",
    ),
    Entry(
        "value.other_operation",
        "A value for another operation",
        "{heading} has no use in a {extra} row; it will not be sent.",
        "Clear the cell.",
        warning=True,
    ),
)

_CELLS = (
    Entry("value.required", "A required cell is blank", "{heading} is blank.", "Fill it in. {help}"),
    Entry(
        "cell.error_value",
        "An Excel error value",
        "{heading} shows the Excel error {value}.",
        "Correct the formula, or type the value.",
    ),
    Entry(
        "cell.no_result",
        "A formula without a stored result",
        "{heading} holds a formula whose result is not stored in the file.",
        "Open the workbook in Excel and save it, or type the value instead of the formula.",
    ),
    Entry(
        "cell.date",
        "A date where none belongs",
        "{heading} holds a date.",
        "Format the cell as Text and type the value again; Excel may have turned it into a date.",
    ),
    Entry(
        "cell.percent",
        "A percentage where none belongs",
        "{heading} is shown as a percentage; stored is {value}.",
        "Format the cell as General and type the plain number.",
    ),
    Entry(
        "cell.special_format",
        "A number in a special format",
        "{heading} is shown in a special number format; stored is {value}.",
        "Format the cell as Text and type the value again.",
    ),
    Entry(
        "cell.too_many_digits",
        "More than 15 digits",
        "{heading} “{value}” has more than 15 digits; Excel does not keep them exactly.",
        "Type a number of at most 15 digits.",
    ),
    Entry(
        "cell.odd_character",
        "A hidden or look-alike character",
        "{heading} “{value}” holds the character {extra}, which does not belong there.",
        "Delete the cell and type the value by hand.",
    ),
    Entry(
        "guid.shape",
        "Not a GUID",
        "{heading} “{value}” is not a GUID.",
        "Copy the GUID of the task, 32 digits and letters a to f in five groups: 7d9e4c10-5b3a-4f6e-9c21-000000000001.",
    ),
    Entry(
        "id.shape",
        "Not a whole number",
        "{heading} “{value}” is not a whole number.",
        "Type digits only, for example 2001.",
    ),
    Entry(
        "id.separator",
        "An id with separators",
        "{heading} “{value}” may be two ids or one number; it cannot be told.",
        "Type one id, digits only.",
    ),
    Entry(
        "id.range",
        "An id out of range",
        "{heading} {value} is not between {extra} and 2147483647.",
        "Type the number as EnergyCAP shows it.",
    ),
    Entry(
        "ids.shape",
        "Not a list of ids",
        "{heading} “{value}” is not a list of user ids.",
        "Type ids separated by semicolons, for example 101;102, or the word none.",
    ),
    Entry("ids.twice", "An id named twice", "{heading} “{value}” names {extra} twice.", "Type each id once."),
    Entry(
        "amount.shape",
        "Not an amount",
        "{heading} “{value}” is not an amount.",
        "Type digits and one decimal point only, for example 12.50.",
    ),
    Entry(
        "amount.separator",
        "An amount with separators",
        "{heading} “{value}” can be read in two ways.",
        "Type digits and one decimal point only, for example 1250.00.",
    ),
    Entry(
        "yesno.shape",
        "Neither yes nor no",
        "{heading} “{value}” is neither yes nor no.",
        "Type Yes or No (or TRUE, FALSE, 1, 0).",
    ),
    Entry(
        "text.date",
        "A date in a text column",
        "{heading} holds a date, not text.",
        "Format the cell as Text and type it again as it should be sent.",
    ),
    Entry(
        "text.format",
        "A number in a text column",
        "{heading} is shown in another way than it is stored ({value}).",
        "Format the cell as Text and type it again as it should be sent.",
    ),
)

_ROWS = (
    Entry(
        "row.hidden",
        "Hidden row",
        "The row is hidden or filtered out, so it was not sent.",
        "Show the row, or run with --include-hidden.",
    ),
    Entry(
        "row.stopped",
        "The run stopped before this row",
        "The run stopped before this row. It was not sent.",
        "Run the workbook again: rows that are done will not be sent twice.",
    ),
    Entry(
        "row.held",
        "An earlier row for the same is unknown",
        "An earlier row asks for the same, and whether it was carried out is unknown. This row was not sent.",
        "Check the earlier row first, as it says.",
    ),
    Entry(
        "row.already_done",
        "Done before",
        "The same request was done on {when} by {who} from {workbook}.",
        "Nothing to do. To send it again on purpose, type Yes in Send again. (If Yes is there already: clear it and run, then type it.)",
    ),
    Entry(
        "row.target_done",
        "This task was reimported before",
        "This task was already reimported on {when} by {who} from {workbook}, with other settings.",
        "A second reimport can import bills twice. To send it all the same, type Yes in Send again.",
    ),
    Entry(
        "row.still_unknown",
        "Still unknown",
        "It was sent on {when} by {who} from {workbook}, and no trustworthy answer came. It was not sent again.",
        "{extra}",
    ),
)

_ANSWERS = (
    Entry(
        "sent.refused",
        "EnergyCAP refused the row",
        "EnergyCAP refused it: {words}",
        "Correct the row and run the workbook again.",
    ),
    Entry(
        "sent.not_found",
        "EnergyCAP does not find it",
        "EnergyCAP does not find it: {words}",
        "Check the id or GUID, and that this is the right environment.",
    ),
    Entry(
        "sent.no_right",
        "Key or permission refused",
        "EnergyCAP did not allow it: {words}",
        "Either the key is not valid here, or its owner lacks the permission for this. Ask your EnergyCAP administrator.",
    ),
    Entry(
        "sent.proxy",
        "The proxy refused it",
        "The network's proxy did not let it through: {words}",
        "Ask IT to allow this program to reach EnergyCAP.",
    ),
    Entry(
        "sent.busy",
        "EnergyCAP is too busy",
        "EnergyCAP is busy and asked to wait, so the row was not carried out.",
        "Run the workbook again later.",
    ),
    Entry(
        "sent.redirected",
        "Sent elsewhere",
        "EnergyCAP answered with another address ({words}), which was not followed.",
        "{check}",
    ),
    Entry(
        "sent.server_error",
        "EnergyCAP had an error",
        "EnergyCAP had an error of its own ({words}); it may have carried the row out.",
        "{check}",
    ),
    Entry(
        "sent.odd_answer",
        "An answer that cannot be trusted",
        "The answer was not the documented one ({words}); the row may have been carried out.",
        "{check}",
    ),
    Entry(
        "sent.no_answer", "No answer", "No whole answer came ({words}); the row may have been carried out.", "{check}"
    ),
    Entry(
        "sent.interrupted",
        "The program ended while it was sent",
        "bulkops ended while this row was being sent; it may have been carried out.",
        "{check}",
    ),
    Entry(
        "sent.not_reached",
        "EnergyCAP was not reached",
        "EnergyCAP was not reached ({words}). Nothing was sent.",
        "Check the network and run the workbook again.",
    ),
    Entry(
        "sent.not_trusted",
        "Not a trusted EnergyCAP",
        "The server's certificate is not trusted ({words}). Nothing was sent.",
        "Check the address. If your network inspects secure traffic, ask IT to install its certificate.",
    ),
)

_SETTINGS = (
    Entry("env.unknown", "No such environment", "There is no environment “{value}”.", "Choose one of: {extra}."),
    Entry(
        "env.address",
        "Address not allowed",
        "{value} cannot be used as EnergyCAP's address.",
        "Use https://…, or http:// with 127.0.0.1 or localhost for practice.",
    ),
    Entry(
        "key.missing",
        "No key",
        "There is no API key for {value} on this computer.",
        "Put it into the variable BULKOPS_API_KEY or, for an environment with a name, run: bulkops key set --env NAME.",
    ),
    Entry(
        "key.shape",
        "Not a key",
        "That is not a key: it holds blanks or characters that a key cannot have.",
        "Copy the key once more, without blanks, quotes or line ends.",
    ),
    Entry(
        "key.store",
        "Key cannot be stored safely",
        "This computer has no safe place for a key ({value}).",
        "Put the key into the variable BULKOPS_API_KEY for this session instead.",
    ),
    Entry(
        "key.fixed",
        "Practice needs no key",
        "The practice environment has a key of its own.",
        "Run with --env practice.",
    ),
    Entry(
        "me.refused",
        "Key or permission refused",
        "{value} did not accept the key ({words}). Nothing was sent.",
        "Either the key is not valid there, or its owner lacks permission. Check with: bulkops key test.",
    ),
    Entry(
        "me.not_reached",
        "EnergyCAP was not reached",
        "{value} was not reached ({words}). Nothing was sent.",
        "Check the network and the address, and run again.",
    ),
    Entry(
        "me.odd",
        "Something else answered",
        "{value} answered, but not as EnergyCAP does ({words}). Nothing was sent.",
        "Check the address; a sign-in page or maintenance may stand in between. Try again later.",
    ),
    Entry(
        "run.question",
        "No answer to the question",
        "Nothing was sent: there is nobody here to confirm the run.",
        "Run it in a terminal, or add --yes.",
    ),
    Entry("run.declined", "Not confirmed", "Nothing was sent, as you wished.", ""),
    Entry(
        "run.invalid",
        "Rows need fixing",
        "Some rows need fixing ({value}), so nothing was sent.",
        "Fix them, or run without --all-or-nothing.",
    ),
    Entry(
        "run.busy",
        "Another run is going on",
        "Another run is going on on this computer ({value}).",
        "Wait until it has ended, then run again.",
    ),
    Entry(
        "workbook.busy",
        "Somebody is running this workbook",
        "{path} is being run at the moment ({value}). Nothing was sent.",
        "Wait until that run has ended, then run it again: two runs at once could send a row twice.",
    ),
    Entry(
        "run.not_found",
        "No such run",
        "There is no run {value} in the history.",
        "List the runs with: bulkops history.",
    ),
    Entry(
        "run.nothing_left",
        "Nothing left to finish",
        "No run is waiting to be finished.",
        "Run the workbook: bulkops run WORKBOOK. The runs so far are listed by: bulkops history.",
    ),
    Entry(
        "ledger.guard",
        "A second send was prevented",
        "A row was about to be sent a second time: {value}. It was not sent.",
        "Nothing is wrong with your workbook. Run it again; if this comes back, it is a defect of bulkops.",
    ),
    Entry(
        "ledger.damaged",
        "The ledger is damaged",
        "The record of what was sent ({path}) is damaged. Nothing was sent.",
        "Put it back from a backup, and keep the damaged file: without its record, rows that are done would be sent again.",
    ),
    Entry(
        "ledger.gone",
        "The ledger is gone",
        "The record of what was sent ({path}) is gone, but {value} beside it shows that there was one. Nothing was sent.",
        "Put it back, from a backup if need be: without it, rows that are done would be sent again. To begin a new one all the same, remove {value}.",
    ),
    Entry(
        "run.followed",
        "The workbook was run since",
        "The workbook of run {value} was run again since ({extra}). What is left of the older run may be outdated. Nothing was sent.",
        "Run the workbook itself: rows that are done will not be sent twice.",
    ),
    Entry(
        "ledger.unusable",
        "The ledger cannot be used",
        "The record of what was sent ({path}) cannot be used: {value}. Nothing more is sent.",
        "Free some disk space and make sure that you may write there. Do not delete it: it keeps rows from being sent twice.",
    ),
    Entry(
        "home.network",
        "The ledger would be on a network disk",
        "The record of what was sent ({path}) would be on a disk that other computers can write too ({value}). Two of them could write it at the same time, and what was sent could be forgotten. Nothing was sent.",
        "Set BULKOPS_HOME to a folder on this computer's own disk. If this folder holds earlier runs, move its files there: they keep rows from being sent twice.",
    ),
    Entry(
        "home.synced",
        "The ledger would be in a synced folder",
        "The record of what was sent ({path}) would be in a folder that {value} copies. The copying could write it at the same time as a run, and what was sent could be forgotten. Nothing was sent.",
        "Set BULKOPS_HOME to a folder on this computer's own disk that is not copied. If this folder holds earlier runs, move its files there: they keep rows from being sent twice.",
    ),
    Entry(
        "results.unwritable",
        "Results cannot be written",
        "The results cannot be written to {path}. Nothing was sent.",
        "Close the results file in Excel, or name another with --results.",
    ),
    Entry("file.exists", "File is there already", "{path} exists already and was not touched.", "Choose another name."),
    Entry(
        "file.unwritable",
        "File cannot be written",
        "{path} cannot be written.",
        "Choose another folder, or close the file in Excel.",
    ),
    Entry(
        "practice.port",
        "Port in use",
        "The practice server cannot use port {value}.",
        "Choose another with --port, or leave it out.",
    ),
    Entry(
        "run.bug",
        "An error in bulkops itself",
        "bulkops met an error of its own ({value}) and stopped.",
        "Nothing more was sent; what was sent is recorded. Please report it with the log {path}.",
    ),
)

COMMON: dict[str, Entry] = {
    entry.code: entry
    for entry in (*_WORKBOOK, *_RESULTS, *_CORRECTIONS, *_SHEET, *_CELLS, *_ROWS, *_ANSWERS, *_SETTINGS)
}
