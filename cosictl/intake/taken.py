"""Everything taken in so far, each object once, in its newest version.

In: objects, with their masked JSON where a dump is wanted. Out: them again, in the order of kind, namespace and name.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

from cosictl.intake.kinds import Model
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim, CosiObject, Event, Lease, Pod
from cosictl.model.refs import Ref
from cosictl.model.snapshot import ReadStatus, Undecoded

M = TypeVar("M", Bucket, Claim, Access, BucketClass, AccessClass, Event, Lease, Pod)

# Times after this year are sentinels ("never"), not observations; they must not become "now".
_LAST_REAL_YEAR = 2200


class Taken:
    """Objects by kind; ``raws`` is their masked JSON, ``exact`` the unmasked objects, where these are kept."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Model]] = defaultdict(dict)
        self.raws: dict[tuple[str, str], bytes] = {}
        self.exact: dict[Ref, CosiObject] = {}
        self.reads: set[ReadStatus] = set()
        self.undecoded: dict[Undecoded, None] = {}

    def keep(self, kind: str, model: Model, raw: bytes = b"") -> bool:
        """Keep an object unless a newer version of it is there already; tells whether it was kept."""
        key = _key(model)
        kept = self.models[kind]
        before = kept.get(key)
        if before is not None and _version(before) > _version(model):
            return False
        kept[key] = model
        if raw:
            self.raws[kind, key] = raw
        return True

    def absorb(self, other: "Taken") -> None:
        """Keep everything that another one keeps."""
        for kind, models in other.models.items():
            if not self.models[kind]:
                self.models[kind] = dict(models)
                self.raws |= {key: raw for key, raw in other.raws.items() if key[0] == kind}
                continue
            for key, model in models.items():
                self.keep(kind, model, other.raws.get((kind, key), b""))
        self.exact |= other.exact
        self.reads |= other.reads
        self.undecoded |= other.undecoded

    @property
    def is_empty(self) -> bool:
        """Whether there is no object, not even one that could not be decoded."""
        return not self.undecoded and not any(self.models.values())

    def forget_key(self, kind: str, known_by: str) -> bool:
        """Forget one object; returns whether it was there."""
        self.raws.pop((kind, known_by), None)
        return self.models[kind].pop(known_by, None) is not None

    def renew(self, newer: "Taken") -> None:
        """Keep what another one keeps, in place of what was known of the same objects, decoded or not."""
        self._forget_undecoded(newer)
        for lost in newer.undecoded:
            self._forget_named(lost)
        self.absorb(newer)

    def forget(self, gone: "Taken") -> None:
        """Keep nothing any more that another one keeps."""
        self._forget_undecoded(gone)
        for kind, models in gone.models.items():
            for known_by in models:
                self.forget_key(kind, known_by)

    def _forget_undecoded(self, others: "Taken") -> None:
        if not self.undecoded:
            return
        names = {(record.kind, record.namespace, record.name) for record in others.undecoded}
        for kind, models in others.models.items():
            names |= {(kind, model.meta.namespace, model.meta.name) for model in models.values()}
        kept = (one for one in self.undecoded if (one.kind, one.namespace, one.name) not in names)
        self.undecoded = dict.fromkeys(kept)

    def _forget_named(self, lost: Undecoded) -> None:
        models = self.models[lost.kind]
        place = lost.namespace, lost.name
        gone = [known_by for known_by, model in models.items() if (model.meta.namespace, model.meta.name) == place]
        for known_by in gone:
            self.forget_key(lost.kind, known_by)

    def of(self, kind: str, wanted: type[M]) -> tuple[M, ...]:
        """Return the objects of a kind, sorted."""
        found = (model for model in self.models[kind].values() if isinstance(model, wanted))
        return tuple(sorted(found, key=_order))

    def sorted_raws(self) -> Iterator[bytes]:
        """Yield the JSON of every object, sorted; only where all of it was kept."""
        for kind, models in sorted(self.models.items()):
            for model in sorted(models.values(), key=_order):
                yield self.raws[kind, _key(model)]

    def newest(self) -> datetime | None:
        """Return the newest time seen in any object; None where there is none."""
        found = (time for models in self.models.values() for model in models.values() for time in _times(model))
        return max((time for time in found if time is not None and time.year < _LAST_REAL_YEAR), default=None)


def identity(uid: str, namespace: str, name: str) -> str:
    """Return what an object is known by, among those of its kind."""
    return uid or f"{namespace}/{name}"


def _key(model: Model) -> str:
    return identity(model.meta.uid, model.meta.namespace, model.meta.name)


def _order(model: Model) -> tuple[str, str, str]:
    return model.meta.namespace, model.meta.name, model.meta.uid


def _version(model: Model) -> int:
    version = model.meta.resource_version
    return int(version) if version.isdecimal() and len(version) < 20 else -1


def _times(model: Model) -> tuple[datetime | None, ...]:
    """When things happened to an object; not a Pod's deletion, which lies in the future while it shuts down."""
    created = model.meta.created
    match model:
        case Event():
            return created, model.first, model.last
        case Lease():
            return created, model.renewed
        case Bucket() | Claim() | Access():
            return created, model.meta.deleted, model.error.time if model.error else None
        case _:
            return (created,)
