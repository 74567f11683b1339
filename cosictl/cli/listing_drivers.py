"""How ``get drivers`` prints drivers, which are no objects of the cluster but what its objects name."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from typing import Final

from cosictl.cli.documents import Document, sorted_places
from cosictl.cli.layout import Layout
from cosictl.cli.output import Format, output
from cosictl.cli.said import say_none
from cosictl.cli.wiring import Source
from cosictl.errors import UsageError
from cosictl.flows.get import DriverLine, Wanted, list_drivers
from cosictl.render.safe import escape

DRIVER_HEADS: Final = ("NAME", "BUCKETS", "STUCK", "SIDECAR POLICY", "CERTAINTY", "WHY")


def print_drivers(source: Source, layout: Layout) -> None:
    """Print the drivers; raises NotFoundError and UsageError."""
    if layout.wanted != Wanted():
        raise UsageError("a driver has no outlook and no mark", next_step="leave out --outlook, or get buckets")
    lines = list_drivers(source.read, asked=source.asked)
    documents = [_driver_document(line) for line in lines]
    if layout.sort is not None:
        lines = tuple(lines[place] for place in sorted_places(documents, layout.sort))
        documents = [_driver_document(line) for line in lines]
    if layout.printer is not None:
        layout.printer(documents, source.asked.one)
    elif layout.chosen is Format.NAME:
        sys.stdout.write("".join(f"driver/{escape(line.name)}\n" for line in lines))
    elif not lines:
        say_none("No drivers found", "")
    else:
        from cosictl.render.tables import print_rows

        cells = [[str(cell) for cell in document["diagnosis"].values()] for document in documents]
        rows = [[line.name, *row] for line, row in zip(lines, cells, strict=True)]
        print_rows(
            DRIVER_HEADS, rows, output(layout.shared), no_headers=layout.shared.no_headers, no_trunc=layout.no_trunc
        )


def _driver_document(line: DriverLine) -> Document:
    choice = line.choice
    return {
        "kind": "Driver",
        "metadata": {"name": line.name},
        "diagnosis": {
            "buckets": line.buckets,
            "stuck": line.stuck,
            "policy": choice.policy if choice else "",
            "certainty": choice.certainty.value if choice else "",
            "why": choice.why if choice else "",
        },
    }
