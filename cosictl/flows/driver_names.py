"""Who asks for a driver by name, and who nearly does."""

from collections.abc import Iterator
from dataclasses import dataclass

from cosictl.model.refs import Ref
from cosictl.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The objects that name a driver: ``exactly``, ``but_for_case``, and the other names that somebody asks for."""

    exactly: tuple[Ref, ...]
    but_for_case: tuple[tuple[Ref, str], ...]
    others: tuple[str, ...]


def wanted_by(snapshot: Snapshot, name: str) -> Wanted:
    """Compare a driver's own name with what classes, Buckets and accesses ask for. Pure."""
    named = [(ref, asked) for ref, asked in _asked(snapshot) if asked]
    return Wanted(
        exactly=tuple(ref for ref, asked in named if asked == name),
        but_for_case=tuple(
            (ref, asked) for ref, asked in named if asked != name and asked.casefold() == name.casefold()
        ),
        others=tuple(sorted({asked for _, asked in named if asked.casefold() != name.casefold()})),
    )


def _asked(snapshot: Snapshot) -> Iterator[tuple[Ref, str]]:
    for bucket_class in snapshot.bucket_classes:
        yield bucket_class.ref, bucket_class.driver
    for access_class in snapshot.access_classes:
        yield access_class.ref, access_class.driver
    for bucket in snapshot.buckets:
        yield bucket.ref, bucket.driver
    for access in snapshot.accesses:
        yield access.ref, access.driver
