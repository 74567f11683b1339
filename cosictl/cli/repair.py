"""``cosictl repair``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.changing.options import Ask, Change, Select
from cosictl.cli.complete import complete_targets
from cosictl.cli.options import Shared, with_options


@with_options("change", Change)
@with_options("select", Select)
@with_options("ask", Ask)
def repair(
    shared: Shared,
    *,
    ask: Ask,
    select: Select,
    change: Change,
    objects: Annotated[
        list[str] | None, typer.Argument(metavar="TYPE/NAME…", autocompletion=complete_targets, help="Only these.")
    ] = None,
) -> None:
    """Do what COSI itself forgot to do: a lost hand-off, a deletion nobody saw, a Secret that is gone.

    Only what the findings allow, each with its proof. secret/NAME names a Secret that stays terminating. Without
    --apply it is only planned.
    """
    from cosictl.cli.changing.going import Request, run_change
    from cosictl.remedy.planners.repair import plan_repairs

    request = Request(verb="repair", words=objects, select=select, change=change, ask=ask)
    run_change(shared, request, plan_repairs)
