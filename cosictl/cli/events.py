"""``cosictl events``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.complete import complete_targets
from cosictl.cli.logging_options import LogOptions, parse_wish
from cosictl.cli.options import AsOf, Dumps, NoTrunc, Shared, with_options
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import say_none, say_unread
from cosictl.cli.types import parse_targets


@with_options("logged", LogOptions)
def events(
    shared: Shared,
    *,
    logged: LogOptions,
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TYPE/NAME", autocompletion=complete_targets, help="These objects and their relatives."),
    ] = None,
    dumps: Dumps = None,
    as_of: AsOf = None,
    no_trunc: NoTrunc = False,
) -> None:
    """Print every failure record in one timeline.

    Of an object and its relatives: the Bucket, claims and accesses that hang together; events and status.error
    alike, and with --logs what sidecars, drivers and controllers wrote about them. Without a target, those of the
    namespace. -o json or yaml also says what each means.
    """
    from cosictl.cli.documents import record_document
    from cosictl.cli.wiring import open_source
    from cosictl.flows.events import timeline

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    wish = parse_wish(logged, dumps)
    source = open_source(shared, dumps, as_of=as_of, targets=parse_targets(targets or ()), logs=wish)
    snapshot, records = timeline(source.read, asked=source.asked)
    say_unread(snapshot)
    if chosen is not Format.TEXT:
        print_document({"kind": "List", "items": [record_document(record) for record in records]}, chosen)
    elif not records:
        say_none("No failure records found", source.asked.namespace)
    else:
        from cosictl.render.tables import EventRow, print_events

        rows = [
            EventRow(
                at=record.failure.last or record.failure.first,
                about=record.about,
                count=record.failure.count,
                component=record.failure.component or record.failure.carrier.value,
                reason=record.failure.reason,
                text=record.failure.text,
            )
            for record in records
        ]
        print_events(rows, output(shared), now=snapshot.taken_at, no_headers=shared.no_headers, no_trunc=no_trunc)
