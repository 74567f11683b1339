"""Kinds of steps: where each happens, how it is planned, and the object it writes to."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cosictl.knowledge.annotations import MARK, QUARANTINED_DRIVER
from cosictl.model.plan import Action
from cosictl.model.refs import Kind, Ref
from cosictl.remedy.planners.cleanup import plan_cleanup
from cosictl.remedy.planners.common import Known, Proposal
from cosictl.remedy.planners.mark import Note, plan_marks, plan_unmarks
from cosictl.remedy.planners.quarantine import PARKED, plan_quarantine, plan_resume
from cosictl.remedy.planners.repair import plan_repairs
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World
from cosictl.sandbox.objects import DRIVER, TEAM
from cosictl.sandbox.objects import claim as claim_object
from cosictl.sandbox.plan import Plan
from tests.changing import Hands
from tests.test_remedy_dumps import NAME, copy, lost_handoffs
from tests.test_remedy_live import chain_gone, nothing, secret_going, secret_gone

Planner = Callable[[World], Proposal]


def claim(name: str) -> Ref:
    return Ref(Kind.CLAIM, TEAM, name)


ACCESS: Final = Ref(Kind.ACCESS, TEAM, "photos-reader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kindness:
    """One kind of step: where it happens (a story, or ``plan``), how it is planned, and the object it writes to."""

    action: str
    planner: Planner
    target: Callable[[Hands], str]
    scenario: str = ""
    finding: str = ""
    prepare: Callable[[Hands], None] = nothing
    plan: Callable[[], Plan] | None = None

    @property
    def world(self) -> Plan | str:
        """What the sandbox is made of."""
        return self.plan() if self.plan is not None else self.scenario


def marked(world: World) -> Proposal:
    return plan_marks(world, [claim("photos")], Note(reason="seen", by="a test"))


def handed_off(world: World) -> Proposal:
    return plan_repairs(world, [claim("photos-1")], Known())


def parked(world: World) -> Proposal:
    return plan_quarantine(world, [claim("reports")], "", frozenset())


def retained(world: World) -> Proposal:
    bucket = world.graph.claims[TEAM, "archive"].bucket_name
    return plan_cleanup(world, [Ref(Kind.BUCKET, "", bucket)], Known(retain=True))


def deleted(world: World) -> Proposal:
    return plan_cleanup(world, [claim("reports")], Known())


def repaired(world: World) -> Proposal:
    return plan_repairs(world, [ACCESS], Known())


def revoked(world: World) -> Proposal:
    return plan_cleanup(world, [ACCESS], Known(driver=True, bucket_id="old"))


def recreated(world: World) -> Proposal:
    return plan_repairs(world, [claim("photos")], Known())


def asked_to_delete(world: World) -> Proposal:
    bucket = next(found.root for found in world.report.findings if found.code == "COSI304")
    return plan_cleanup(world, [bucket], Known(driver=True))


def set_aside(hands: Hands) -> None:
    """What quarantine leaves."""
    bucket = f"bucket/{hands.name_of_bucket('reports')}"
    parked = {"metadata": {"annotations": {QUARANTINED_DRIVER: DRIVER}}, "spec": {"driverName": PARKED}}
    hands.patch(bucket, parked)


def noted(hands: Hands) -> None:
    hands.patch("claim/photos", {"metadata": {"annotations": {MARK: '{"by": "jane"}'}}})


def unmarked(world: World) -> Proposal:
    return plan_unmarks(world, [claim("photos")])


def resumed(world: World) -> Proposal:
    return plan_resume(world, [claim("reports")])


def put_back(world: World) -> Proposal:
    """What undo does after a hand-off was repaired."""
    values = {"field": "bucketReady", "value": "false", "before": "true"}
    step = step_of(world, Action.RESTORE_STATUS, claim("photos"), why="a test", values=values, fingerprinted=False)
    return Proposal(steps=(step,))


def made_again(world: World) -> Proposal:
    """What undo does after a claim was deleted."""
    # Of a class that is not there: nothing follows from it.
    tree = claim_object("again", "later")
    step = step_of(
        world,
        Action.RECREATE_OBJECT,
        claim("again"),
        why="a test",
        values={"object": json.dumps(tree)},
        api_version=tree["apiVersion"],
        fingerprinted=False,
    )
    return Proposal(steps=(step,))


MAKING: Final = frozenset({"create-secret", "recreate-object", "recreate-bucket"})
KINDS: Final = (
    Kindness(action="unmark", scenario="healthy", planner=unmarked, target=lambda _: "claim/photos", prepare=noted),
    Kindness(
        action="resume",
        scenario="cosi-86",
        planner=resumed,
        target=lambda hands: f"bucket/{hands.name_of_bucket('reports')}",
        prepare=set_aside,
    ),
    Kindness(action="restore-status", scenario="healthy", planner=put_back, target=lambda _: "claim/photos"),
    Kindness(action="recreate-object", scenario="healthy", planner=made_again, target=lambda _: "claim/again"),
    Kindness(action="mark", scenario="healthy", planner=marked, target=lambda _: "claim/photos"),
    Kindness(
        action="repair-handoff",
        plan=lambda: lost_handoffs(1),
        planner=handed_off,
        target=lambda _: "claim/photos-1",
        finding="COSI201",
    ),
    Kindness(
        action="quarantine",
        scenario="cosi-86",
        planner=parked,
        target=lambda hands: f"bucket/{hands.name_of_bucket('reports')}",
        finding="COSI106",
    ),
    Kindness(
        action="set-retain",
        scenario="deletion",
        planner=retained,
        target=lambda hands: f"bucket/{hands.name_of_bucket('archive')}",
        finding="COSI301",
    ),
    Kindness(
        action="delete-object",
        scenario="cosi-86",
        planner=deleted,
        target=lambda _: "claim/reports",
        finding="COSI106",
    ),
    Kindness(
        action="nudge",
        scenario="healthy",
        planner=repaired,
        target=lambda _: "access/photos-reader",
        prepare=secret_going,
    ),
    Kindness(
        action="create-secret",
        scenario="healthy",
        planner=repaired,
        target=lambda _: "secret/photos-reader-credentials",
        prepare=secret_gone,
    ),
    Kindness(
        action="remove-finalizer",
        scenario="healthy",
        planner=revoked,
        target=lambda _: "access/photos-reader",
        prepare=chain_gone,
    ),
    Kindness(
        action="recreate-bucket",
        plan=lambda: copy("d07-zombie"),
        planner=recreated,
        target=lambda _: f"bucket/{NAME}",
        finding="COSI307",
    ),
)
# What these ask for happens at the driver: another hand at the object is met by the step that follows.
AT_DRIVER_KINDS: Final = (
    Kindness(
        action="revoke-at-driver",
        scenario="healthy",
        planner=revoked,
        target=lambda _: "access/photos-reader",
        prepare=chain_gone,
    ),
    Kindness(
        action="delete-at-driver",
        plan=lambda: copy("d04-claim-gone"),
        planner=asked_to_delete,
        target=lambda _: f"bucket/{NAME}",
        finding="COSI304",
    ),
)
