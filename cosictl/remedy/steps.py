"""Steps from their parts: the sentences come from ``knowledge.remedies``, the pins from the world. Pure."""

from collections.abc import Mapping, Sequence

from cosictl.knowledge.remedies import EDIT_EFFECTS, EDITS, REMEDIES
from cosictl.model.plan import Action, Pin, Step, Target
from cosictl.model.refs import Ref
from cosictl.remedy.guard import failure_of
from cosictl.remedy.world import World
from cosictl.remedy.writes import api_version_of


def step_of(
    world: World,
    action: Action,
    ref: Ref,
    *,
    why: str,
    solves: Ref | None = None,
    values: Mapping[str, str] | None = None,
    finding: str = "",
    proof: Sequence[str] = (),
    leaves: str = "",
    remains: str = "",
    needs: Sequence[str] = (),
    inverse: tuple[str, str] | None = None,
    fingerprinted: bool = True,
    api_version: str = "",
) -> Step:
    """Return a step on an object as it is now; on one that is not there, where the action makes it.

    ``leaves`` and ``inverse`` (action and note) replace what holds for the action in general. ``fingerprinted`` pins
    the failure it solves.
    """
    row = REMEDIES[action]
    given = dict(values or {})
    item = world.item(ref)
    solved = solves or ref
    does = row.does.format_map(_Words(given))
    if action in EDITS and item is not None and item.meta.deleted is None:
        does = f"{does}; sidecar {world.policy(item).name}: {EDIT_EFFECTS[world.policy(item).edit]}"
    return Step(
        action=action,
        target=Target(ref=ref, api_version=api_version or _api_version(world, ref, solved)),
        pin=_pin(world, ref, solved, fingerprinted=fingerprinted),
        solves=solved,
        does=does,
        why=why,
        values=given,
        finding=finding,
        proof=tuple(proof),
        leaves_behind=leaves or row.leaves.format_map(_Words(given)),
        remains=remains,
        inverse=inverse[0] if inverse is not None else row.inverse,
        inverse_note=inverse[1] if inverse is not None else row.note,
        needs=tuple(needs),
    )


class _Words(dict[str, str]):
    """Values for a sentence; what is not known stands there as such."""

    def __missing__(self, key: str) -> str:
        return f"(unknown {key})"


def _api_version(world: World, ref: Ref, solves: Ref) -> str:
    if ref.kind == "Secret":
        return "v1"
    item = world.item(ref) or world.item(solves)
    assert item is not None, "a step is about an object that was seen, or about its relative"
    return api_version_of(item.api)


def _pin(world: World, ref: Ref, solves: Ref, *, fingerprinted: bool) -> Pin | None:
    meta = world.meta(ref)
    if meta is None:
        return None
    return Pin(
        uid=meta.uid,
        generation=meta.generation,
        deleted=meta.deleted,
        finalizers=meta.finalizers,
        failure=failure_of(world, solves) if fingerprinted and world.item(solves) is not None else None,
    )
