"""``cosictl apply``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.changing.options import Ask, Change
from cosictl.cli.options import Shared, with_options


@with_options("change", Change)
@with_options("ask", Ask)
def apply(
    shared: Shared,
    *,
    ask: Ask,
    change: Change,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The file of a plan, or - for stdin.")] = "",
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Go on with a run that was interrupted.")
    ] = None,
) -> None:
    """Carry out a plan that a changing verb wrote with -o yaml or -o json, also on another machine.

    It asks on a terminal; without one it needs --confirm with the plan's digest. --resume goes on with an interrupted
    run: what was done is looked up, and not done again.
    """
    from cosictl.cli.changing.carrying import apply_plan, resume_run

    if resume is not None:
        resume_run(shared, change, ask, resume)
    else:
        apply_plan(shared, change, ask, plan)
