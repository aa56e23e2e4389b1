"""``bulkops demo`` and ``bulkops practice``: everything stays on this computer."""

import sys
from typing import Annotated

import typer

from bulkops.cli import console
from bulkops.cli.options import AsJson
from bulkops.messages.errors import CannotStart
from bulkops.system.data_folder import home


def demo(as_json: AsJson = False) -> None:
    """Run copies of the sample sheets against a practice server."""
    from bulkops.runs import demo
    from bulkops.runs.control import Control

    with console.starting(as_json):
        folder = demo.demo_folder(home())
        say = console.say if as_json else console.tell
        say(f"Practice: everything stays on this computer. The copies and their results are in {folder}\n")
        control = Control()
        reports = []
        with console.stoppable(control):
            for report in demo.demo(folder, control):
                reports.append(report)
                if not as_json:
                    console.present(report, False)
                    typer.echo()
    stopped = console.STOPPED if control.stopped.is_set() else 0
    code = max([stopped, *(report.exit_code for report in reports)])
    if as_json and not console.print_document({"folder": str(folder), "runs": [each.document() for each in reports]}):
        code = code or console.SOME_LEFT
    why = "Rows that are hidden or wrong on purpose make it 1, as such a run should. " if code == 1 else ""
    say(f"The demo has ended with exit code {code}. {why}Look at the results in {folder}")
    raise typer.Exit(code)


def practice(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free port.")] = 0,
    trouble: Annotated[
        bool, typer.Option("--trouble", help="Rehearse a lost answer, a refusal, a slow server, a wrong control total.")
    ] = False,
) -> None:
    """Serve a practice EnergyCAP on this computer until Ctrl-C."""
    from bulkops.practice import Choices, State
    from bulkops.practice.server import Faults, serve_forever
    from bulkops.runs.practice import SERVED_APART, each_in_turn

    def announce(base_url: str, key: str) -> None:
        console.tell(f"A practice EnergyCAP is at {base_url} until you press Ctrl-C.")
        console.tell(
            f"To use it, set the variable BULKOPS_API_KEY to {key}, then: bulkops run WORKBOOK --base-url {base_url}"
        )
        for each in planned:
            console.tell(each)
        sys.stdout.flush()

    faults = Faults()
    planned = each_in_turn(faults) if trouble else []
    try:
        serve_forever(port, announce, State(choices=Choices(environment=SERVED_APART)), faults)
    except OSError as error:
        raise CannotStart("practice.port", value=port) from error
