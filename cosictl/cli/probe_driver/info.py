"""``cosictl probe-driver info``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from dataclasses import asdict
from typing import Annotated

import typer

from cosictl.cli.options import Dumps, Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.probe_driver.options import Dial, with_dial


@with_dial
def info(
    shared: Shared,
    dial: Dial,
    *,
    dumps: Dumps = None,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=1000, help="How many calls to time.")] = 5,
    no_cluster: Annotated[
        bool, typer.Option("--no-cluster", help="Do not compare its name with what the cluster asks for.")
    ] = False,
) -> None:
    """Ask a driver who it is.

    Which versions of COSI it speaks, its name and protocols, how fast it answers, whether health and reflection are
    served, and whether the cluster (or -f DUMP) asks for it by just that name. Changes nothing.
    """
    from cosictl.cli.probe_driver.answers import identity_or_error, names_in_cluster
    from cosictl.cli.probe_driver.dialling import opened
    from cosictl.driver.identify import identify, name_problems
    from cosictl.render.probe_text import info_document, print_info

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    with opened(shared, dial) as line:
        who = identity_or_error(identify(line.channel, count=count, timeout=line.timeout), line)
    names = None if no_cluster else names_in_cluster(shared, dumps, who.name)
    document = info_document(
        endpoint=line.where,
        name=who.name,
        versions=[api.value for api in who.apis],
        protocols=who.protocols,
        times=asdict(who.round_trip) if who.round_trip is not None else None,
        health=who.health,
        reflection=who.reflection,
        problems=name_problems(who.name),
        names=names,
    )
    if chosen is Format.TEXT:
        print_info(document, output(shared))
    else:
        print_document(document, chosen)
