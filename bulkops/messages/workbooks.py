"""About a workbook as a file, before any row is read."""

from bulkops.messages.message import Message

_AS_XLSX = "Open it in Excel, choose Save As, and pick “Excel Workbook (*.xlsx)”."

MESSAGES = (
    Message("workbook.missing", "No such workbook", "There is no file {path}.", "Check the name and the folder."),
    Message(
        "workbook.displaced",
        "The workbook has lost its name",
        "There is no file {path}: a run was cut short while it wrote the results, and left the workbook beside it as {value}.",
        "Put it back under its own name, or finish that run, which does so too.",
        cli_hint="bulkops resume",
    ),
    Message(
        "workbook.too_long",
        "Path too long",
        "The path of {path} ({value} letters), or that of a file that bulkops puts beside it, is longer than this computer can deal with. Nothing was sent.",
        "Make its name shorter, or move it nearer to the top of the disk: Windows counts all folders, to 259.",
    ),
    Message("workbook.folder", "A folder, not a workbook", "{path} is a folder.", "Choose a workbook in it."),
    Message(
        "workbook.no_access",
        "Workbook cannot be opened",
        "{path} cannot be opened.",
        "Close it in other programs. Make sure that you may read it, and that it is on this computer, not only online.",
    ),
    Message(
        "workbook.planted",
        "A link that somebody else may have put there",
        "{path} was not opened: {value} is a link, in a folder where others can put one. Nothing was sent.",
        "Run the workbook itself, where it lies, or a copy of it.",
    ),
    Message(
        "workbook.empty", "Empty file", "{path} is empty (0 bytes).", "Save the workbook again, or take another copy."
    ),
    Message(
        "workbook.owner_file",
        "Excel's own marker file",
        "{path} only marks a workbook that is open in Excel.",
        "Choose the workbook without ~$ in front of its name.",
    ),
    Message(
        "workbook.xls",
        "Old Excel file that cannot be read reliably",
        "{path} is an old Excel file (.xls) of which bulkops cannot read everything reliably.",
        _AS_XLSX,
    ),
    Message("workbook.xlsb", "Binary Excel format", "{path} is a binary workbook (.xlsb).", _AS_XLSX),
    Message(
        "workbook.ods",
        "OpenDocument, but no spreadsheet",
        "{path} is an OpenDocument file, but no spreadsheet.",
        "Choose a spreadsheet (.ods), or a workbook of Excel's.",
    ),
    Message(
        "workbook.csv",
        "Text file with unknown columns",
        "{path} is a text file (CSV), and it cannot be told what separates its columns: comma, semicolon, tab or |.",
        "Correct the headings, or name the separator in a first line (sep=;). Or open the file in Excel with every column as Text, and save it as .xlsx.",
    ),
    Message(
        "workbook.encoding",
        "Text file in an unknown encoding",
        "{path}, line {value}: it cannot be told which letters stand there, because the file was not saved as “CSV UTF-8”.",
        "Open it in Excel, look at these letters, choose Save As, and pick “CSV UTF-8” or “Excel Workbook (*.xlsx)”.",
    ),
    Message(
        "workbook.line",
        "A line of a text file that cannot be read reliably",
        "{path}, line {value}: {detail}.",
        "Correct the line, or open the file in Excel with every column as Text, look at that line, and save it as .xlsx.",
    ),
    Message("workbook.html", "Web page", "{path} is a web page that was saved under the name of a workbook.", _AS_XLSX),
    Message("workbook.xml_2003", "XML Spreadsheet 2003", "{path} is an “XML Spreadsheet 2003”.", _AS_XLSX),
    Message("workbook.slk", "SYLK file", "{path} is a SYLK file (.slk).", _AS_XLSX),
    Message(
        "workbook.flat_ods",
        "Flat OpenDocument spreadsheet",
        "{path} is a flat OpenDocument spreadsheet (.fods).",
        "Open it in LibreOffice, choose Save As, and pick “ODF Spreadsheet (.ods)” or “Excel (.xlsx)”.",
    ),
    Message(
        "workbook.numbers",
        "Numbers spreadsheet",
        "{path} is a spreadsheet of Apple Numbers.",
        "Open it in Numbers, choose File, Export To, Excel, and use that file.",
    ),
    Message(
        "workbook.link",
        "Link to a spreadsheet",
        "{path} is only a link to something on the web; there are no rows in it.",
        "Open it, download the spreadsheet as “Microsoft Excel (.xlsx)”, and use that file.",
    ),
    Message(
        "workbook.mail",
        "Mail message",
        "{path} is a mail message.",
        "Open it, save the workbook that is attached to it, and use that.",
    ),
    Message(
        "workbook.archive",
        "Packed files",
        "{path} is an archive (such as .zip) with other files packed in it.",
        "Open it, copy the workbook out of it, and use that.",
    ),
    Message(
        "workbook.pdf",
        "PDF document",
        "{path} is a PDF document.",
        "Ask for the workbook that it was made from, or copy its rows into a template.",
    ),
    Message(
        "workbook.document",
        "Text document or presentation",
        "{path} is a text document, a drawing or a presentation.",
        "Copy the rows in it into a template.",
    ),
    Message(
        "workbook.data_file",
        "Data of another program",
        "{path} is a data file that one program writes for another.",
        "Ask for the rows as an Excel workbook, or copy them into a template.",
    ),
    Message(
        "workbook.encrypted",
        "Password-protected",
        "{path} is encrypted: by a password, by a label, or because it was saved as protected against changes.",
        "Open it in Excel, choose Save As, More options, Tools, General Options, clear both passwords there, and save it. If it was protected (Review, Protect Workbook), unprotect it first.",
    ),
    Message(
        "workbook.not_excel",
        "Not a workbook",
        "{path} is not a workbook.",
        "Choose an .xlsx, .xlsm, .xls, .ods or .csv file.",
    ),
    Message(
        "workbook.damaged",
        "Damaged workbook",
        "{path} is damaged ({detail}).",
        "Open it in Excel, let it repair the file, and save it; or take another copy.",
    ),
    Message(
        "workbook.one_name",
        "Two sheets of one name",
        "{path} holds two sheets called “{value}”, and at least one of them has known headings.",
        "Open it, give each sheet a name of its own, and save it.",
    ),
    Message(
        "workbook.too_big",
        "Workbook too big",
        "{path} is too big to be a list of rows.",
        "Copy the rows into a new workbook.",
    ),
    Message(
        "workbook.copy",
        "A copy that bulkops made",
        "{path} is a copy that bulkops made to put results into.",
        "Correct the rows in the workbook itself, and run that: it knows what was sent. Without it, copy the rows into a new workbook.",
    ),
    Message(
        "workbook.changed",
        "Changed while it was read",
        "{path} was changed while bulkops was reading it. Nothing was sent.",
        "Save it, wait a moment, and run it again.",
    ),
    Message(
        "workbook.too_slow",
        "Workbook takes too long",
        "{path} takes too long to read; it is damaged, or too big to be a list of rows.",
        "Copy the rows into a new workbook.",
    ),
    Message(
        "workbook.crashed",
        "Workbook cannot be read",
        "{path} cannot be read: reading it ended without an answer.",
        "Open it in Excel, save it under another name, and use that; or copy the rows into a new workbook.",
    ),
    Message(
        "workbook.no_rows",
        "No rows to work on",
        "{path} holds no rows to work on below known headings.{extra}",
        "Start from a template, leave its headings within a sheet's first 20 rows, and type Yes in Run this row if it has that.",
        cli_hint="bulkops template PATH",
    ),
)
