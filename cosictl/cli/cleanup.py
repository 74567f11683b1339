"""``cosictl cleanup``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.changing.options import Ask, Change, Select
from cosictl.cli.complete import complete_targets
from cosictl.cli.options import Shared, with_options


@with_options("change", Change)
@with_options("select", Select)
@with_options("ask", Ask)
def cleanup(
    shared: Shared,
    *,
    ask: Ask,
    select: Select,
    change: Change,
    objects: Annotated[
        list[str] | None, typer.Argument(metavar="TYPE/NAME…", autocompletion=complete_targets, help="Only these.")
    ] = None,
) -> None:
    """End the trouble of objects that are stuck, by the mildest step that works.

    The plan says of every step what it may leave in the backend and how it is taken back. What cannot be told is not
    touched, and the reason is given. Without --apply it is only planned.
    """
    from cosictl.cli.changing.going import Request, run_change
    from cosictl.remedy.planners.cleanup import plan_cleanup

    request = Request(verb="cleanup", words=objects, select=select, change=change, ask=ask)
    run_change(shared, request, plan_cleanup)
