"""``cosictl wait``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.complete import complete_goals, complete_targets
from cosictl.cli.options import Shared


def wait(
    shared: Shared,
    *,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TYPE/NAME", autocompletion=complete_targets, help="Claims, buckets or accesses to wait for."
        ),
    ] = None,
    goal: Annotated[
        str | None, typer.Option("--for", metavar="GOAL", autocompletion=complete_goals, help="ready, gone or settled.")
    ] = None,
    timeout: Annotated[
        str, typer.Option(metavar="TIME", help="How long: 5m, 90s; 0: look once; negative: a week.")
    ] = "30s",
    select_all: Annotated[bool, typer.Option("--all", help="All objects of the types that are there now.")] = False,
) -> None:
    """Wait until objects are ready, gone or settled; end at once where that can never be.

    ready: in the desired state, and not being deleted. gone: not there any more; one made anew under the same name is
    another. settled: nothing moves by itself any more, be it ready, stuck (looping, parked, stalled) or gone.

    What is to be ready or settled and does not exist is waited for as well. With -l or --all a type alone stands for
    the objects that are there at first. -o json and -o yaml print one document, whatever happens.

    Exit code 0: it holds for all; 3: for one it can never hold until somebody acts, and the finding says why, who
    fixes it and what to type; 5: one may not be read; 124: timed out.
    """
    from cosictl.cli.waiting import read_targets, wait_for

    wait_for(shared, *read_targets(shared, targets or (), goal, select_all=select_all), timeout)
