"""How ``get`` prints objects: as a table, as names, or as documents."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cosictl.cli.documents import object_documents, sorted_places
from cosictl.cli.layout import Layout
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, output
from cosictl.cli.said import say_none, say_unread
from cosictl.cli.screenful import say_rest
from cosictl.cli.watching import Watch, watch
from cosictl.cli.wiring import Source
from cosictl.errors import NotFoundError
from cosictl.flows.asked import Asked
from cosictl.flows.get import ClassLine, Listing, class_lines, list_objects
from cosictl.model.copying import replace
from cosictl.model.objects import AccessClass, BucketClass
from cosictl.model.refs import CLUSTER_SCOPED, Kind, Ref
from cosictl.model.report import Assessment
from cosictl.model.snapshot import Snapshot

if TYPE_CHECKING:
    from cosictl.intake.builder import SnapshotBuilder
    from cosictl.render.tables import ObjectTable


def print_listing(source: Source, layout: Layout) -> None:
    """Print the objects asked for; raises NotFoundError, ClusterError and UsageError."""
    builder, snapshot = source.load()
    listing = list_objects(lambda: snapshot, asked=source.asked, wanted=layout.wanted)
    say_unread(snapshot)
    _print(builder, listing, layout, source.asked)


def print_claims(shared: Shared, asked: Asked, layout: Layout) -> None:
    """Print claims on a terminal as their list arrives; what can only be told at its end comes then."""
    from cosictl.cli.live import claims_last
    from cosictl.flows.get import EarlyClaims

    printer = _Growing(layout, asked)
    early: list[EarlyClaims] = []

    def begin(others: Snapshot) -> None:
        printer.now = others.taken_at
        early.append(EarlyClaims(others))

    def heed(models: Sequence[object]) -> None:
        if printer.room != 0:
            printer.offer(early[0].told(models))

    _, snapshot = claims_last(shared, begin, heed)
    listing = list_objects(lambda: snapshot, asked=asked, wanted=layout.wanted)
    printer.now = snapshot.taken_at
    printer.count = len(listing.objects)
    printer.print([listing.verdicts[item.ref] for item in listing.objects if item.ref not in printer.done])
    say_rest(listing, [item.ref for item in listing.objects if item.ref not in printer.done], layout)
    say_unread(snapshot)
    if not listing.objects:
        say_none("No resources found", asked.namespace)


# Of fewer rows the widths tell nothing about those to come.
_ENOUGH: Final = 10


class _Growing:
    """A table of objects that grows until it is full; its columns are as wide as the first rows need.

    ``done`` are those printed, ``now`` is the server's clock, ``count`` how many there are, once that is known.
    """

    def __init__(self, layout: Layout, asked: Asked) -> None:
        self.done: set[Ref] = set()
        self.now: datetime | None = None
        self.count: int | None = None
        self._offered: list[Assessment] = []
        self._layout = layout
        self._asked = asked
        self._table: ObjectTable | None = None

    @property
    def room(self) -> int | None:
        """How many more rows there is room for; None: any number."""
        most = self._layout.room(self.count)
        return None if most is None else max(0, most - len(self.done))

    def offer(self, rows: Sequence[Assessment]) -> None:
        """Print more rows, the first of them when they are enough to tell how wide a table they make."""
        self._offered += rows
        if self.done or len(self._offered) >= _ENOUGH:
            rows, self._offered = self._offered, []
            self.print(rows)

    def print(self, rows: Sequence[Assessment]) -> None:
        """Print more rows, as many as there is room for."""
        rows = rows[: self.room]
        if not rows:
            return
        if self._table is None:
            self._table = _table_of(self._layout, {row.ref.kind for row in rows}, self._asked)
        assert self.now is not None, "the server's clock is known before the first row"
        self._table.print(rows, now=self.now, heads=not self.done and not self._layout.shared.no_headers)
        self.done.update(row.ref for row in rows)
        sys.stdout.flush()


def watch_listing(watched: Watch, asked: Asked, layout: Layout, interval: float) -> None:
    """Print the objects asked for, and again those that changed, until somebody interrupts."""
    looks = _Looks(watched, asked, layout)
    watch(looks.observe, looks.show, watched.wait, interval)


class _Looks:
    """Looks at a cluster: the first prints all, the later ones what changed, without a heading."""

    def __init__(self, watched: Watch, asked: Asked, layout: Layout) -> None:
        self._watched = watched
        self._asked = asked
        self._layout = layout
        self._first = True
        self._builder: SnapshotBuilder | None = None
        kinds = {named.kind for named in asked.named if named.kind is not None}
        self._table = _table_of(layout, kinds or frozenset(Kind), asked)

    def observe(self) -> Listing:
        """Look; what was asked for by name may go later, but must be there at first (NotFoundError)."""
        self._builder, snapshot = self._watched.first() if self._first else self._watched.look()
        try:
            listing = list_objects(lambda: snapshot, asked=self._asked, wanted=self._layout.wanted)
        except NotFoundError:
            if self._first:
                raise
            return Listing(objects=(), verdicts={}, snapshot=snapshot)
        if self._first:
            say_unread(snapshot)
        return listing

    def show(self, listing: Listing, gone: Sequence[Ref]) -> None:
        """Print what changed, and the names of what went."""
        assert self._builder is not None
        if listing.objects or self._first:
            _print(self._builder, listing, self._layout, self._asked, growing=self._table)
        if self._first:
            self._layout = replace(self._layout, shared=replace(self._layout.shared, no_headers=True), screen=0)
            self._first = False
        if self._layout.chosen in {Format.TABLE, Format.WIDE}:
            self._table.print_gone(gone)
        elif self._layout.printer is None:
            sys.stdout.write("".join(f"{_named(ref)}   gone\n" for ref in gone))
        sys.stdout.flush()


def _print(
    builder: "SnapshotBuilder", listing: Listing, layout: Layout, asked: Asked, growing: "ObjectTable | None" = None
) -> None:
    """Print a listing; with ``growing`` it is one of many, whose rows go on in that table and documents stand alone."""
    documents = object_documents(builder, listing) if layout.needs_documents else []
    if layout.sort is not None:
        order = sorted_places(documents, layout.sort)
        documents = [documents[place] for place in order]
        listing = listing.picked(order)
    if layout.printer is not None:
        for part in [documents] if growing is None else [[document] for document in documents]:
            layout.printer(part, asked.one or growing is not None)
    elif layout.chosen is Format.NAME:
        sys.stdout.write("".join(f"{_named(item.ref)}\n" for item in listing.objects))
    else:
        shown = range(len(listing.objects))[: layout.room(len(listing.objects))]
        _print_tables(listing.picked(shown), layout, asked, growing)
        say_rest(listing, [item.ref for item in listing.objects[len(shown) :]], layout)


def _named(ref: Ref) -> str:
    from cosictl.render.safe import escape

    return f"{str(ref.kind).lower()}.objectstorage.k8s.io/{escape(ref.name)}"


def _table_of(layout: Layout, kinds: Collection[str], asked: Asked) -> "ObjectTable":
    """Make the table for objects of these kinds."""
    from cosictl.render.tables import ObjectTable

    return ObjectTable(
        output(layout.shared),
        wide=layout.chosen is Format.WIDE,
        show_namespace=not asked.namespace and not CLUSTER_SCOPED.issuperset(kinds),
        show_kind=len(kinds) > 1,
        no_trunc=layout.no_trunc,
    )


def _print_tables(listing: Listing, layout: Layout, asked: Asked, growing: "ObjectTable | None") -> None:
    from cosictl.render.tables import print_rows

    if not listing.objects:
        namespaced = any(named.kind not in CLUSTER_SCOPED for named in asked.named)
        say_none("No resources found", asked.namespace if namespaced else "")
        return
    out = output(layout.shared)
    rows = [listing.verdicts[item.ref] for item in listing.objects if item.ref in listing.verdicts]
    if rows:
        table = growing or _table_of(layout, {row.ref.kind for row in rows}, asked)
        table.print(rows, now=listing.snapshot.taken_at, heads=not layout.shared.no_headers)
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
