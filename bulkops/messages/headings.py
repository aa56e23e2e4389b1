"""About sheets and their headings."""

from bulkops.messages.message import Message

MESSAGES = (
    Message(
        "heading.near",
        "A heading that is almost right",
        "The heading “{value}” is not known.{extra}",
        "Correct the heading, or clear it. No row of the sheet is sent until then.",
    ),
    Message(
        "heading.unreadable",
        "A heading that cannot be read",
        "The heading cannot be read: it is the {extra}.",
        "Type the heading as text. No row of the sheet is sent until then.",
    ),
    Message(
        "heading.twice",
        "Two headings with one meaning",
        "“{value}” means the same as the heading in {other}.",
        "Delete one of the two columns. No row of the sheet is sent until then.",
    ),
    Message(
        "heading.missing",
        "A heading is missing",
        "The sheet has no column “{value}”.",
        "Type “{value}” in {other}. Not one of these rows is sent until then.",
    ),
    Message(
        "heading.split",
        "Headings in two rows",
        "“{value}” is a heading, but it is in another row than the other headings, which are in row {other}.",
        "Put all headings into one row. No row of the sheet is sent until then.",
    ),
    Message(
        "heading.earlier",
        "Headings above the headings",
        "Row {value} of the sheet holds headings too, but not all that are needed; those that are stand in row {other}.",
        "Clear that row, or put it and the rows that belong to it into a sheet of their own. No row of the sheet is sent until then.",
    ),
    Message(
        "sheet.heading_missing",
        "A sheet was not read: a heading is missing",
        "Sheet “{name}” was not read: for {extra} it lacks the {value}.",
        "Type “{heading}” in {other}. If the sheet holds no rows to be sent, leave no two such headings in one of its rows.",
    ),
    Message(
        "sheet.split",
        "A sheet was not read: its headings are in two rows",
        "Sheet “{name}” was not read: its headings stand in two rows ({value}).",
        "Put all of them into row {other}, directly above the first row to be sent. Merged cells must be unmerged for that.",
    ),
    Message(
        "sheet.below",
        "A sheet was not read: its headings stand too low",
        "Sheet “{name}” was not read: its headings stand in {value}, below row 20.",
        "Delete rows above them, or copy them and the rows below into a new sheet.",
    ),
    Message(
        "sheet.above",
        "A sheet was not read: its rows stand above the headings",
        "Sheet “{name}” was not read: its headings are in {value}, with nothing below them.",
        "Put the headings above the rows.",
    ),
    Message(
        "sheet.ours",
        "A sheet was not read: it holds bulkops' results",
        "Sheet “{name}” was not read: it is bulkops' own for results, and has headings of rows to send in {value}.",
        "Copy those headings and the rows below them into another sheet.",
    ),
    Message(
        "heading.two_operations",
        "Two operations without an Operation column",
        "The sheet has the headings of several operations, but no column Operation.",
        "Add a column Operation and type in each row what it asks for.",
    ),
    Message(
        "heading.again",
        "Headings a second time",
        "Row {value} of the sheet holds headings again, in other columns than those above.",
        "Put the rows from there on into a sheet of their own. Not one of them is sent until then.",
    ),
)
