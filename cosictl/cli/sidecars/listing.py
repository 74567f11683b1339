"""``cosictl sidecars list``, which is also ``cosictl sidecars``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.options import AsOf, Dumps, NoTrunc, Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program, say_unread

Drivers = Annotated[list[str] | None, typer.Option("--driver", metavar="NAME", help="Only this driver; repeatable.")]


def list_(
    shared: Shared, *, drivers: Drivers = None, dumps: Dumps = None, as_of: AsOf = None, no_trunc: NoTrunc = False
) -> None:
    """List the drivers with the sidecars that serve them.

    Pods, restarts and how they last ended, image and release, the controller, the Lease, the policy with how it was
    found, hazards, Buckets by outlook, and how many calls an hour are made in vain. With -f it reads dumps.
    """
    from cosictl.cli.wiring import open_source
    from cosictl.flows.sidecars import survey

    chosen = choose_format(shared, Format.TEXT, Format.WIDE, Format.JSON, Format.YAML)
    source = open_source(shared, dumps, as_of=as_of, everywhere=True)
    snapshot = source.read()
    report, fleet = survey(lambda: snapshot, drivers=drivers or ())
    say_unread(snapshot)
    if chosen in {Format.JSON, Format.YAML}:
        from cosictl.render.fleet_document import fleet_document

        print_document(fleet_document(fleet, report), chosen)
        return
    from cosictl.render.fleet_text import print_fleet

    out = output(shared)
    print_fleet(fleet, report, out, wide=chosen is Format.WIDE, no_trunc=no_trunc, prog=program())
