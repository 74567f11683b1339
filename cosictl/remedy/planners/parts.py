"""The steps that several clean-ups are made of. Pure."""

from typing import Final

from cosictl.model.plan import Action, Step
from cosictl.model.refs import Ref
from cosictl.model.report import Finding
from cosictl.remedy.guard import has_backend_state
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World

LOOK: Final = "cosictl diagnose says what it waits for"
_REMADE: Final = (
    Action.RECREATE_OBJECT.value,
    "made again from the backup, with a new UID, without what it owned; a claim then asks for a bucket of a new name",
)


def finalizer(
    world: World,
    ref: Ref,
    finding: Finding,
    name: str,
    solves: Ref,
    *,
    proof: str = "",
    needs: tuple[str, ...] = (),
    leaves: str = "",
) -> Step:
    """Return the step that takes one finalizer away; ``needs`` is what the driver confirms before."""
    proofs = [f"the driver confirms {need} first" for need in needs] + ([proof] if proof else [])
    values = {"finalizer": name}
    return step_of(
        world,
        Action.REMOVE_FINALIZER,
        ref,
        solves=solves,
        why=finding.title,
        values=values,
        finding=finding.code,
        proof=proofs,
        needs=needs,
        leaves=leaves,
        remains=leaves,
    )


def deletion(
    world: World,
    ref: Ref,
    finding: Finding,
    *,
    leaves: str,
    solves: Ref | None = None,
    remains: str = "",
    proof: str = "",
    needs: str = "",
) -> Step:
    """Return the step that deletes an object as kubectl does; ``needs`` is what the driver confirms before."""
    return step_of(
        world,
        Action.DELETE_OBJECT,
        ref,
        solves=solves,
        why=finding.title,
        finding=finding.code,
        leaves=leaves,
        remains=remains or (leaves if leaves.startswith("may leave") else ""),
        proof=(proof,) if proof else (),
        needs=(needs,) if needs else (),
        inverse=None if has_backend_state(world, ref) else _REMADE,
    )
