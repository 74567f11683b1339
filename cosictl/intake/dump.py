"""Our own dump format: one JSON document with everything a diagnosis needs, masked.

In: a builder that kept its raw objects, and the Snapshot it built. Out: bytes that ``-f`` reads back into an
equal Snapshot, apart from its source and the basis of its time. Equal Snapshots give equal bytes.
"""

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from cosictl.errors import DumpError
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.lenient import decode
from cosictl.intake.wire import Wire, moment
from cosictl.model.refs import RESOURCES
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, Undecoded

API_VERSION = "cosictl.dev/v1alpha1"
KIND = "Dump"


class _ReadWire(Wire, omit_defaults=False):
    resource: str = ""
    scope: str = ""
    outcome: str = ""
    reason: str = ""


class _UndecodedWire(Wire, omit_defaults=False):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    source: str = ""
    reason: str = ""


class _DumpHead(Wire, omit_defaults=False):
    api_version: str = ""
    kind: str = ""
    taken_at: datetime | None = None
    source: str = ""
    namespaces: list[str] = msgspec.field(default_factory=list)
    reads: list[_ReadWire] = msgspec.field(default_factory=list)
    undecoded: list[_UndecodedWire] = msgspec.field(default_factory=list)
    skipped_files: int = 0


class _DumpWire(_DumpHead, kw_only=True, omit_defaults=False):
    items: list[msgspec.Raw]


class DumpFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a dump says about itself; ``namespaces`` is empty where it covers the whole cluster."""

    taken_at: datetime | None
    namespaces: tuple[str, ...]


def dump_bytes(builder: SnapshotBuilder, snapshot: Snapshot) -> bytes:
    """Return the dump of ``snapshot``, built by ``builder`` (which must have been told ``keep_raw``)."""
    document = _DumpWire(
        api_version=API_VERSION,
        kind=KIND,
        taken_at=snapshot.taken_at,
        source=snapshot.source,
        namespaces=list(snapshot.namespaces),
        reads=[
            _ReadWire(resource=read.resource, scope=read.scope, outcome=read.outcome.value, reason=read.reason)
            for read in snapshot.reads
        ],
        undecoded=[
            _UndecodedWire(kind=u.kind, namespace=u.namespace, name=u.name, source=u.source, reason=u.reason)
            for u in snapshot.undecoded
        ],
        skipped_files=snapshot.skipped_files,
        items=[msgspec.Raw(item) for item in builder.raw_items()],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def write_dump(path: str, builder: SnapshotBuilder, snapshot: Snapshot) -> None:
    """Write the dump to ``path``, whole or not at all, readable by its owner only; raises ``DumpError``."""
    target = Path(path)
    content = dump_bytes(builder, snapshot)
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(target)
        except OSError:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise DumpError(
            f"{path}: cannot be written: {error.strerror or error}",
            next_step="choose another file with -o",
        ) from None


def read_own_dump(data: bytes, builder: SnapshotBuilder, *, origin: str) -> DumpFacts:
    """Add everything in one of our dumps to ``builder``; raises ``DumpError`` for a format of the future."""
    head = decode(data, _DumpHead)
    if head.api_version != API_VERSION:
        raise DumpError(
            f"{origin}: dump format {head.api_version} is not known",
            meaning="it was written by another version of cosictl",
            next_step="read it with the version that wrote it",
        )
    builder.add_list(data, origin=origin)
    absent = set()
    for read in head.reads:
        outcome = _outcome(read.outcome)
        if outcome is ReadOutcome.NOT_IN_DUMP:
            absent.add(read.resource)
        else:
            status = ReadStatus(resource=read.resource, scope=read.scope, outcome=outcome, reason=read.reason)
            builder.note(status)
    builder.seen |= set(RESOURCES.values()) - absent
    builder.skipped_files += head.skipped_files
    for record in head.undecoded:
        builder.add_undecoded(
            Undecoded(
                kind=record.kind,
                namespace=record.namespace,
                name=record.name,
                source=record.source,
                reason=record.reason,
            )
        )
    return DumpFacts(taken_at=moment(head.taken_at), namespaces=tuple(head.namespaces))


def _outcome(word: str) -> ReadOutcome:
    try:
        return ReadOutcome(word)
    except ValueError:
        return ReadOutcome.FAILED
