"""``cosictl get``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cosictl.cli.complete import complete_names, complete_outlooks, complete_resources
from cosictl.cli.options import AsOf, Dumps, NoTrunc, Shared
from cosictl.cli.types import Resource, Target, parse_targets
from cosictl.errors import UsageError
from cosictl.model.copying import replace

if TYPE_CHECKING:
    from cosictl.cli.layout import Layout
    from cosictl.cli.wiring import Source


def get(
    shared: Shared,
    *,
    resource: Annotated[
        str,
        typer.Argument(
            metavar="TYPE",
            autocompletion=complete_resources,
            help="buckets, claims, accesses, classes, accessclasses or drivers; or TYPE/NAME.",
        ),
    ],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", autocompletion=complete_names, help="Only these.")
    ] = None,
    dumps: Dumps = None,
    as_of: AsOf = None,
    outlook: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", autocompletion=complete_outlooks, help="Only these outlooks: looping,parked and so on."
        ),
    ] = None,
    marked: Annotated[bool, typer.Option("--marked", help="Only objects that bear a mark.")] = False,
    expired: Annotated[bool, typer.Option("--expired", help="Only objects whose mark has expired.")] = False,
    sort_by: Annotated[
        str | None, typer.Option(metavar="PATH", help="A column (since, outlook), or a JSONPath (.metadata.name).")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Stay, and print what changes.")] = False,
    interval: Annotated[
        str | None, typer.Option(metavar="TIME", help="With -w: look again at least this often (5s).")
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Print every row on a terminal, too, where a screenful is usual.")
    ] = False,
    no_trunc: NoTrunc = False,
) -> None:
    """List objects with their outlook.

    As kubectl does it: of the context's namespace, of -n, or with -A of all. -o is wide, name, json, yaml,
    jsonpath=… or custom-columns=…; json is the object as the cluster has it, with our verdict under "diagnosis".
    """
    from cosictl.cli.layout import read_layout
    from cosictl.cli.listing import print_claims, print_listing, watch_listing
    from cosictl.cli.watching import watch_interval
    from cosictl.cli.wiring import open_source, open_watch

    targets = parse_targets([resource, *(names or ())])
    show_all = show_all or any(target.name for target in targets)
    layout = read_layout(shared, outlook=outlook, sort_by=sort_by, no_trunc=no_trunc, show_all=show_all)
    layout = replace(layout, wanted=replace(layout.wanted, marked=marked or expired, expired=expired))
    if watch:
        pause = watch_interval(interval, targets=targets, dumps=dumps)
        watch_listing(*open_watch(shared, targets=targets, keep_raw=layout.needs_documents), layout, pause)
    source = open_source(shared, dumps, as_of=as_of, targets=targets, keep_raw=layout.needs_documents)
    if any(target.resource is Resource.DRIVERS for target in targets):
        _print_drivers(source, layout, targets)
    elif dumps is None and layout.grows and all(t.resource is Resource.CLAIMS and not t.name for t in targets):
        print_claims(shared, source.asked, layout)
    else:
        print_listing(source, layout)


def _print_drivers(source: "Source", layout: "Layout", targets: Sequence[Target]) -> None:
    from cosictl.cli.listing_drivers import print_drivers

    if any(target.resource is not Resource.DRIVERS for target in targets):
        raise UsageError("drivers are listed alone", next_step="ask for the other types in a second command")
    print_drivers(source, layout)
