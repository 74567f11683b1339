"""``cosictl sidecars compare``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.complete import complete_policies
from cosictl.cli.options import AsOf, Dumps, Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program, say_unread


def compare(
    shared: Shared,
    *,
    policies: Annotated[
        list[str] | None,
        typer.Argument(metavar="POLICY", autocompletion=complete_policies, help="Only these; all without."),
    ] = None,
    dumps: Dumps = None,
    as_of: AsOf = None,
    show_all: Annotated[bool, typer.Option("--all", help="Name every object.")] = False,
) -> None:
    """Say what each known release, specification and proposal would do with the objects that fail now.

    Which loops would stop, what would be parked, what would still be retried in vain, what would be stranded although
    it heals by itself, and how many calls an hour that makes. With -f it reads dumps.
    """
    from cosictl.cli.wiring import open_source
    from cosictl.flows.sidecars import comparison

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    source = open_source(shared, dumps, as_of=as_of, everywhere=True)
    snapshot = source.read()
    found = comparison(lambda: snapshot, policies=policies or ())
    say_unread(snapshot)
    if chosen is not Format.TEXT:
        from cosictl.render.fleet_document import comparison_document

        print_document(comparison_document(found), chosen)
        return
    from cosictl.render.compare_text import print_comparison

    print_comparison(found, output(shared), named=bool(policies), show_all=show_all, prog=program())
