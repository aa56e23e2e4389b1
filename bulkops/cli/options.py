"""The arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from bulkops.model.environment import ENVIRONMENTS

Workbook = Annotated[
    Path, typer.Argument(metavar="WORKBOOK", help="An .xlsx, .xlsm, .xls, .ods or .csv file.", show_default=False)
]
EnvName = Annotated[
    str | None,
    typer.Option("--env", help=f"One of: {', '.join(ENVIRONMENTS)}, or a name of yours.", show_default="practice"),
]
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="Another EnergyCAP address, instead of --env.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")]
Results = Annotated[Path | None, typer.Option("--results", help="Where to write the results (.xlsx).")]
Corrections = Annotated[
    Path | None,
    typer.Option("--corrections", help="Where to put the rows to be corrected, in a workbook that can be run (.xlsx)."),
]
Hidden = Annotated[bool, typer.Option("--include-hidden", help="Hidden and filtered-out rows count too.")]
Offline = Annotated[bool, typer.Option("--offline", help="Do not ask EnergyCAP what it says of the rows.")]


def not_both(name: str, value: object, other: str, other_value: object) -> None:
    """Raises BadParameter where two options are given that exclude each other."""
    if value and other_value:
        raise typer.BadParameter(f"{name} and {other} exclude each other.")
