"""``cosictl mark`` and ``cosictl unmark``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.changing.options import Change, Select
from cosictl.cli.complete import complete_targets
from cosictl.cli.options import Shared, parse_duration, with_options

Objects = Annotated[
    list[str] | None, typer.Argument(metavar="TYPE/NAME…", autocompletion=complete_targets, help="Only these.")
]


@with_options("change", Change)
@with_options("select", Select)
def mark(
    shared: Shared,
    *,
    select: Select,
    change: Change,
    objects: Objects = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What is known, for whoever looks next.")],
    ticket: Annotated[str, typer.Option("--ticket", metavar="ID", help="Where it is being dealt with.")] = "",
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="How long the mark holds: 8h, 72h.")
    ] = None,
    hold: Annotated[bool, typer.Option("--hold", help="Ask everybody, this program too, to keep their hands off.")] = (
        False
    ),
) -> None:
    """Write on objects what is known about them.

    An annotation and an Event, nothing else. What the edit itself does to a loop differs by sidecar release; the plan
    says it. Without --apply it is only planned.
    """
    from cosictl.cli.changing.going import Request, run_change
    from cosictl.cli.changing.marking import mark_planner

    lasts = int(parse_duration(expires, "--expires")) if expires else 0
    request = Request(verb="mark", words=objects, select=select, change=change)
    run_change(shared, request, mark_planner(reason, ticket, lasts, hold=hold))


@with_options("change", Change)
@with_options("select", Select)
def unmark(shared: Shared, *, select: Select, change: Change, objects: Objects = None) -> None:
    """Take marks off objects.

    Without --apply it is only planned.
    """
    from cosictl.cli.changing.going import Request, run_change
    from cosictl.cli.changing.marking import unmark_planner

    request = Request(verb="unmark", words=objects, select=select, change=change)
    run_change(shared, request, unmark_planner)
