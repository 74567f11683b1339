"""How ``get`` prints objects: as a table, as names, or as documents."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from typing import Final

from cosictl.cli.documents import object_documents, sorted_places
from cosictl.cli.layout import Layout
from cosictl.cli.output import Format, output
from cosictl.cli.said import say_none, say_unread
from cosictl.cli.wiring import Source
from cosictl.flows.asked import Asked
from cosictl.flows.get import ClassLine, Listing, class_lines, list_objects
from cosictl.model.objects import AccessClass, BucketClass, CosiObject
from cosictl.model.refs import CLUSTER_SCOPED


def print_listing(source: Source, layout: Layout) -> None:
    """Print the objects asked for; raises NotFoundError, ClusterError and UsageError."""
    builder, snapshot = source.load()
    listing = list_objects(lambda: snapshot, asked=source.asked, outlooks=layout.outlooks)
    say_unread(snapshot)
    documents = object_documents(builder, listing) if layout.needs_documents else []
    if layout.sort is not None:
        order = sorted_places(documents, layout.sort)
        documents = [documents[place] for place in order]
        listing = listing.picked(order)
    if layout.printer is not None:
        layout.printer(documents, source.asked.one)
    elif layout.chosen is Format.NAME:
        sys.stdout.write("".join(f"{_qualified(item)}\n" for item in listing.objects))
    else:
        _print_tables(listing, layout, source.asked)


def _qualified(item: CosiObject) -> str:
    from cosictl.render.safe import escape

    return f"{str(item.ref.kind).lower()}.objectstorage.k8s.io/{escape(item.meta.name)}"


def _print_tables(listing: Listing, layout: Layout, asked: Asked) -> None:
    from cosictl.render.tables import print_objects, print_rows

    if not listing.objects:
        namespaced = any(named.kind not in CLUSTER_SCOPED for named in asked.named)
        say_none("No resources found", asked.namespace if namespaced else "")
        return
    out = output(layout.shared)
    rows = [listing.verdicts[item.ref] for item in listing.objects if item.ref in listing.verdicts]
    if rows:
        print_objects(
            rows,
            out,
            now=listing.snapshot.taken_at,
            wide=layout.chosen is Format.WIDE,
            no_headers=layout.shared.no_headers,
            show_namespace=not asked.namespace and any(row.ref.namespace for row in rows),
            show_kind=len({row.ref.kind for row in rows}) > 1,
            no_trunc=layout.no_trunc,
        )
    for kind, heads in ((BucketClass, CLASS_HEADS), (AccessClass, ACCESS_CLASS_HEADS)):
        lines = [_class_cells(line) for line in class_lines(listing) if isinstance(line.item, kind)]
        if lines:
            print_rows(heads, lines, out, no_headers=layout.shared.no_headers, no_trunc=layout.no_trunc)


CLASS_HEADS: Final = ("NAME", "DRIVER", "DELETION POLICY", "CLAIMS", "STUCK", "PARAMETERS")
ACCESS_CLASS_HEADS: Final = ("NAME", "DRIVER", "AUTHENTICATION", "ACCESSES", "STUCK", "PARAMETERS")


def _class_cells(line: ClassLine) -> tuple[str, ...]:
    item = line.item
    decides = item.deletion_policy if isinstance(item, BucketClass) else item.auth_type
    parameters = ",".join(f"{key}={value}" for key, value in sorted(item.parameters.items()))
    return (item.meta.name, item.driver, decides or "-", str(line.users), str(line.stuck), parameters or "-")
