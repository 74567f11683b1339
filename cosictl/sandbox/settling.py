"""When a sandbox has come to rest: every object is ready, gone, or known to be stuck."""

from collections.abc import Iterable, Mapping

from cosictl.model.refs import Kind, Ref
from cosictl.sandbox.ports import Json

# A loop is one once it has come round.
ROUNDS = 2
_KINDS = frozenset({str(Kind.BUCKET), str(Kind.CLAIM), str(Kind.ACCESS)})


class Settling:
    """Looks at a cluster again and again; stateful, because what failed while it had to wait may yet succeed."""

    def __init__(self) -> None:
        self._since: dict[Ref, tuple[object, int]] = {}

    def unsettled(self, objects: Iterable[Json], records: Mapping[Ref, int]) -> tuple[Ref, ...]:
        """Return the objects that are still on their way.

        At rest is what is ready and not being deleted, what failed ``ROUNDS`` times since what it waits for last
        changed, what a v1alpha2 status calls an error, and what waits for such an object.
        """
        cosi = {_ref(value): value for value in objects if value["kind"] in _KINDS}
        stuck = {ref for ref, value in cosi.items() if self._rounds(ref, value, cosi, records) >= ROUNDS}
        stuck |= {ref for ref, value in cosi.items() if _has_error(value)}
        return tuple(
            ref
            for ref, value in sorted(cosi.items())
            if not _at_rest(value) and ref not in stuck and not _waits(value, cosi, stuck)
        )

    def _rounds(self, ref: Ref, value: Json, cosi: Mapping[Ref, Json], records: Mapping[Ref, int]) -> int:
        waits_for = tuple(held in cosi and _at_rest(cosi[held]) for held in _held_by(value))
        state = (waits_for, "deletionTimestamp" in value["metadata"])
        if self._since.get(ref, (None, 0))[0] != state:
            self._since[ref] = (state, records.get(ref, 0))
        return records.get(ref, 0) - self._since[ref][1]


def _ref(value: Json) -> Ref:
    meta = value["metadata"]
    return Ref(value["kind"], meta.get("namespace", ""), meta["name"])


def _has_error(value: Json) -> bool:
    return "error" in value.get("status", {})


def _at_rest(value: Json) -> bool:
    status = value.get("status", {})
    ready = status.get("bucketReady") or status.get("readyToUse") or status.get("accessGranted")
    return bool(ready) and "deletionTimestamp" not in value["metadata"]


def _waits(value: Json, cosi: Mapping[Ref, Json], stuck: Iterable[Ref]) -> bool:
    """Whether it waits for something stuck, or for something that is not there."""
    held = _held_by(value)
    return any(ref in stuck or ref not in cosi or _waits(cosi[ref], cosi, stuck) for ref in held)


def _held_by(value: Json) -> tuple[Ref, ...]:
    spec, status, namespace = value.get("spec", {}), value.get("status", {}), value["metadata"].get("namespace", "")
    if value["kind"] == str(Kind.CLAIM):
        name = status.get("bucketName") or status.get("boundBucketName")
        return (Ref(Kind.BUCKET, "", name),) if name else ()
    if value["kind"] == str(Kind.ACCESS):
        named = [spec["bucketClaimName"]] if "bucketClaimName" in spec else []
        named += [entry["bucketClaimName"] for entry in spec.get("bucketClaims", [])]
        return tuple(Ref(Kind.CLAIM, namespace, name) for name in named)
    return ()
