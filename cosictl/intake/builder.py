"""Collects objects, one list or one object at a time, and makes one ``Snapshot`` of them.

In: JSON of lists and objects, with hints where typed lists leave kind and version out; how each read went.
Out: a sorted, deduplicated Snapshot, and (on request) the masked JSON of every object in it. No content makes
it raise, apart from a list that is no list: its caller has to know, to ask again or to report a broken file.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from cosictl.intake.kinds import AnyRow, Model, find_row, is_read
from cosictl.intake.lenient import CONTENT_ERRORS, UndecodableError, decode, dumps, loads
from cosictl.intake.listwire import Head, decode_list
from cosictl.intake.redact import redact, suspicious
from cosictl.intake.taken import Taken, identity
from cosictl.intake.wire import ObjectWire
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim, CosiObject, Event, Lease, Pod
from cosictl.model.refs import RESOURCES, Kind
from cosictl.model.snapshot import ReadStatus, Snapshot, TimeBasis, Undecoded

C = TypeVar("C", bound=CosiObject)


class ListPage(Struct, frozen=True, kw_only=True):
    """What a list answer says about itself. ``remaining`` is the server's estimate of items on later pages."""

    items: int
    continue_token: str
    resource_version: str
    remaining: int | None


class SnapshotBuilder:
    """Builds a Snapshot; ``keep_raw`` also keeps the masked JSON of every object, for a dump.

    ``keep_exact`` keeps the COSI objects unmasked as well, for requests that repeat what a sidecar sends.

    ``heed`` is told of objects as they are taken, by those who cannot wait for the Snapshot.

    ``seen`` are the resources of which at least a list was seen, ``skipped_files`` how many files of a folder were no
    dump, ``log_files`` those that are logs, where asked for.
    """

    def __init__(
        self,
        *,
        source: str,
        keep_raw: bool = False,
        keep_exact: bool = False,
        heed: Callable[[Sequence[Model]], None] | None = None,
    ) -> None:
        self.source = source
        self.seen: set[str] = set()
        self.skipped_files = 0
        self.log_files: list[str] = []
        self._keep_raw = keep_raw
        self._keep_exact = keep_exact
        self._heed = heed
        self.taken = Taken()
        self._latest = ("", "")

    def add(self, raw: bytes | msgspec.Raw, *, origin: str, kind: str = "", api_version: str = "") -> bool:
        """Take one Kubernetes object as JSON; never raises for content.

        ``kind`` and ``api_version`` are used where the object does not say. Returns whether its kind is one
        that is read. An object of such a kind that cannot be decoded is recorded as ``Undecoded``.
        """
        data = bytes(raw)
        try:
            head = decode(data, Head)
        except UndecodableError as error:
            return self._add_undecodable(data, kind, api_version, origin, str(error))
        kind, api_version = head.kind or kind, head.api_version or api_version
        row = find_row(api_version, kind)
        if row is None:
            reason = f"its API version is not known: {api_version}" if api_version else "it names no apiVersion"
            return self._add_undecodable(data, kind, api_version, origin, reason)
        self.seen.add(RESOURCES[kind])
        try:
            self._keep(row, data, kind, api_version)
        except UndecodableError as error:
            self.add_undecoded(_describe(data, kind, origin, str(error)))
        return True

    def renew(self, raw: bytes, *, origin: str, kind: str, api_version: str = "") -> bool:
        """Take an object as it is now, in place of what is known of it; returns whether anything is known otherwise.

        What does not concern COSI is not kept, and what no longer does not either.
        """
        return self._change(self.taken.renew, raw, origin=origin, kind=kind, api_version=api_version)

    def remove(self, raw: bytes, *, origin: str, kind: str, api_version: str = "") -> bool:
        """Forget an object, given as it was last; returns whether it was known."""
        return self._change(self.taken.forget, raw, origin=origin, kind=kind, api_version=api_version)

    def _change(self, change: Callable[[Taken], None], raw: bytes, *, origin: str, kind: str, api_version: str) -> bool:
        one = self.part()
        one.add(raw, origin=origin, kind=kind, api_version=api_version)
        self.seen |= one.seen
        if one.taken.is_empty:
            return self.taken.forget_key(kind, _key_of(raw))
        change(one.taken)
        return True

    def add_list(self, raw: bytes, *, origin: str, kind: str = "", api_version: str = "") -> ListPage:
        """Take one API list answer; ``kind`` and ``api_version`` (of the items) are used where they do not say.

        Raises ``DumpError`` where the bytes are no JSON list, as when they are cut off.
        """
        page = decode_list(raw, origin)
        if page.kind.endswith("List") and page.kind != "List":
            kind, api_version = page.kind.removesuffix("List"), page.api_version or api_version
        if is_read(api_version, kind):
            self.seen.add(RESOURCES[kind])
        for item in page.items or ():
            self.add(item, origin=origin, kind=kind, api_version=api_version)
        return ListPage(
            items=len(page.items or ()),
            continue_token=page.metadata.continue_,
            resource_version=page.metadata.resource_version,
            remaining=page.metadata.remaining_item_count,
        )

    def add_block(self, block: bytes, *, origin: str, kind: str = "", api_version: str = "") -> bool:
        """Take a JSON array of objects; returns False, with nothing taken, where it is none.

        ``kind`` and ``api_version`` are used where the objects do not say. A block of objects that say nothing, and
        of which nobody else does, is not taken either: the end of their list may tell.
        """
        if self._add_alike(block, *((kind, api_version) if kind else self._latest)):
            return True
        try:
            items = msgspec.json.decode(block, type=list[msgspec.Raw])
            heads = [decode(bytes(item), Head) for item in items]
        except (*CONTENT_ERRORS, UndecodableError):
            return False
        if not kind and not all(head.kind for head in heads):
            return False
        alike: dict[tuple[str, str], list[msgspec.Raw]] = defaultdict(list)
        for head, item in zip(heads, items, strict=True):
            self._latest = head.kind or kind, head.api_version or api_version
            alike[self._latest].append(item)
        for (own_kind, own_version), some in alike.items():
            if not self._add_alike(b"[" + b",".join(some) + b"]", own_kind, own_version):
                for item in some:
                    self.add(item, origin=origin, kind=own_kind, api_version=own_version)
        return True

    def _add_alike(self, block: bytes, kind: str, api_version: str) -> bool:
        """Take objects that are all of one kind and without fault, all at once; else none, and tell so."""
        row = find_row(api_version, kind)
        if row is None or self._keep_raw or self._keep_exact:
            return False
        models = row.read_all(block, kind, api_version)
        if models is None:
            return False
        self.seen.add(RESOURCES[kind])
        for model in models:
            self.taken.keep(kind, model)
        if self._heed is not None:
            self._heed(models)
        return True

    def absorb(self, other: "SnapshotBuilder") -> None:
        """Take everything that another builder took."""
        self.taken.absorb(other.taken)
        self.seen |= other.seen
        self.skipped_files += other.skipped_files

    def part(self) -> "SnapshotBuilder":
        """Return an empty builder that keeps what this one keeps: for what may yet turn out to be broken."""
        return SnapshotBuilder(
            source=self.source, keep_raw=self._keep_raw, keep_exact=self._keep_exact, heed=self._heed
        )

    def note(self, status: ReadStatus) -> None:
        """Record how reading one resource went; the server's words are masked here."""
        self.taken.reads.add(
            ReadStatus(
                resource=status.resource,
                outcome=status.outcome,
                scope=status.scope,
                reason=redact(status.reason),
            )
        )

    def add_undecoded(self, record: Undecoded) -> None:
        """Record something that could not be decoded; its texts are masked here."""
        masked = Undecoded(
            kind=redact(record.kind),
            namespace=redact(record.namespace),
            name=redact(record.name),
            source=redact(record.source),
            reason=redact(record.reason),
        )
        self.taken.undecoded[masked] = None

    def build(self, *, taken_at: datetime, basis: TimeBasis, namespaces: tuple[str, ...] = ()) -> Snapshot:
        """Make the Snapshot of everything taken so far."""
        return Snapshot(
            taken_at=taken_at,
            basis=basis,
            source=self.source,
            namespaces=tuple(sorted(namespaces)),
            buckets=self.taken.of(Kind.BUCKET, Bucket),
            claims=self.taken.of(Kind.CLAIM, Claim),
            accesses=self.taken.of(Kind.ACCESS, Access),
            bucket_classes=self.taken.of(Kind.BUCKET_CLASS, BucketClass),
            access_classes=self.taken.of(Kind.ACCESS_CLASS, AccessClass),
            events=self.taken.of("Event", Event),
            leases=self.taken.of("Lease", Lease),
            pods=self.taken.of("Pod", Pod),
            reads=tuple(sorted(self.taken.reads, key=lambda s: (s.resource, s.scope, s.outcome, s.reason))),
            undecoded=tuple(
                sorted(self.taken.undecoded, key=lambda u: (u.kind, u.namespace, u.name, u.source, u.reason))
            ),
            skipped_files=self.skipped_files,
        )

    def exact(self, item: C) -> C:
        """Return an object as it really is, credentials in it included: only to be sent, never to be shown.

        Needs ``keep_exact``.
        """
        assert self._keep_exact, "this builder was not asked to keep exact objects"
        found = self.taken.exact.get(item.ref)
        return found if isinstance(found, type(item)) else item

    def raw_items(self) -> Iterator[bytes]:
        """Yield the masked JSON of every object in a stable order; needs ``keep_raw``."""
        assert self._keep_raw, "this builder was not asked to keep raw objects"
        yield from self.taken.sorted_raws()

    def newest(self) -> datetime | None:
        """Return the newest time seen in any object; None where there is none."""
        return self.taken.newest()

    def _keep(self, row: AnyRow, data: bytes, kind: str, api_version: str) -> None:
        found = row.read(data, lambda data: self._masked(data, kind, api_version))
        if found is None:
            return
        model, masked = found
        if self._heed is not None:
            self._heed([model])
        if self.taken.keep(kind, model, masked if self._keep_raw else b"") and self._keep_exact:
            exact = row.read(data, lambda data: data)
            if exact is not None and isinstance(exact[0], CosiObject):
                self.taken.exact[exact[0].ref] = exact[0]

    def _masked(self, data: bytes, kind: str, api_version: str) -> bytes:
        """Return the object's JSON as it may be kept; the very same bytes where there is nothing to do."""
        is_suspicious = suspicious(data)
        if not self._keep_raw and not is_suspicious:
            return data
        from cosictl.intake.scrub import scrub, without_noise  # noqa: PLC0415 - for dumps, and possible credentials

        tree = without_noise(loads(data))
        if is_suspicious:
            tree = scrub(tree)
        if isinstance(tree, dict):
            tree |= {"kind": kind, "apiVersion": api_version}
        return dumps(tree)

    def _add_undecodable(self, data: bytes, kind: str, api_version: str, origin: str, reason: str) -> bool:
        if not is_read(api_version, kind):
            return False
        self.seen.add(RESOURCES[kind])
        self.add_undecoded(_describe(data, kind, origin, reason))
        return True


def _describe(data: bytes, kind: str, origin: str, reason: str) -> Undecoded:
    """Name an object that cannot be decoded as well as its bytes allow."""
    try:
        metadata = decode(data, ObjectWire).metadata
    except UndecodableError:
        metadata = ObjectWire().metadata
    return Undecoded(kind=kind, namespace=metadata.namespace, name=metadata.name, source=origin, reason=reason)


def _key_of(data: bytes) -> str:
    try:
        metadata = decode(data, ObjectWire).metadata
    except UndecodableError:
        return ""
    return identity(metadata.uid, metadata.namespace, metadata.name)
