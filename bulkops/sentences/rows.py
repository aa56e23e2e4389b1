"""About sheets, cells and rows."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES = (
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
    Entry(
        "heading.again",
        "Headings a second time",
        "Row {value} of the sheet holds headings again, in other columns than those above.",
        "Put the rows from there on into a sheet of their own. None of them is sent until then.",
    ),
)
