"""``cosictl quarantine`` and ``cosictl resume``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.changing.options import Ask, Change, Select
from cosictl.cli.complete import complete_targets
from cosictl.cli.options import Shared, with_options

Objects = Annotated[
    list[str] | None, typer.Argument(metavar="TYPE/NAME…", autocompletion=complete_targets, help="Only these.")
]


@with_options("change", Change)
@with_options("select", Select)
def quarantine(
    shared: Shared,
    *,
    select: Select,
    change: Change,
    objects: Objects = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the plan and the journal.")] = "",
    even_if_retrying: Annotated[
        list[str] | None,
        typer.Option("--even-if-retrying", metavar="TYPE/NAME", help="Also this object, which may yet succeed."),
    ] = None,
) -> None:
    """Stop the retries of Buckets that were never created, without deleting anything (v1alpha1).

    The Bucket gets a driver's name that no sidecar serves; resume puts the old one back. Without --apply it is only
    planned.
    """
    from cosictl.cli.changing.going import Request, run_change
    from cosictl.cli.changing.parking import quarantine_planner

    ask = Ask(even_if_retrying=even_if_retrying)
    request = Request(verb="quarantine", words=objects, select=select, change=change, ask=ask)
    run_change(shared, request, quarantine_planner(reason))


@with_options("change", Change)
@with_options("select", Select)
def resume(shared: Shared, *, select: Select, change: Change, objects: Objects = None) -> None:
    """Put the driver's name back on quarantined Buckets, and report the next attempt."""
    from cosictl.cli.changing.going import Request, run_change
    from cosictl.cli.changing.parking import resume_planner

    request = Request(verb="resume", words=objects, select=select, change=change)
    run_change(shared, request, resume_planner)
