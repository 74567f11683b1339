"""Another hand between the last look and the write: touched, deleted, made anew; and two people at one plan."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.cli.changing.options import Ask
from cosictl.cli.changing.ports import live_ports
from cosictl.cluster.writer import write
from cosictl.flows.change import Origin, make_plan, run_plan
from cosictl.model.plan import Outcome, Plan, Result, Step
from cosictl.model.refs import Kind, Ref
from cosictl.remedy.journal import read_run, runs_in
from cosictl.remedy.planners.cleanup import plan_cleanup
from cosictl.remedy.planners.common import Known, Proposal
from cosictl.remedy.planners.mark import Note, plan_marks
from cosictl.remedy.planners.quarantine import plan_quarantine
from cosictl.remedy.planners.repair import plan_repairs
from cosictl.remedy.ports import DriverSaid
from cosictl.remedy.world import World
from cosictl.remedy.writes import has_landed
from cosictl.sandbox.objects import TEAM
from tests.changing import MERGE, PATIENCE_SECONDS, Hands
from tests.live_sandbox import live
from tests.test_remedy_live import chain_gone, nothing, secret_going, secret_gone

SPEED: Final = 60.0
Planner = Callable[[World], Proposal]


def claim(name: str) -> Ref:
    return Ref(Kind.CLAIM, TEAM, name)


ACCESS: Final = Ref(Kind.ACCESS, TEAM, "photos-reader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kindness:
    """One kind of step: where it happens, how it is planned, and the object it writes to."""

    action: str
    scenario: str
    planner: Planner
    target: Callable[[Hands], str]
    finding: str = ""
    prepare: Callable[[Hands], None] = nothing


def marked(world: World) -> Proposal:
    return plan_marks(world, [claim("photos")], Note(reason="seen", by="a test"))


def handed_off(world: World) -> Proposal:
    return plan_repairs(world, [claim("fast-1")], Known())


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


KINDS: Final = (
    Kindness(action="mark", scenario="healthy", planner=marked, target=lambda _: "claim/photos"),
    Kindness(
        action="repair-handoff",
        scenario="handoff",
        planner=handed_off,
        target=lambda _: "claim/fast-1",
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
)


def touched(hands: Hands, what: str) -> None:
    if hands.get(what) is not None:
        hands.patch(what, {"metadata": {"annotations": {"example.com/note": "another hand"}}})
    else:
        made_anew(hands, what)


def removed(hands: Hands, what: str) -> None:
    if what.startswith("bucket/"):
        # Its claim first, or that would get a new one of the same name.
        for value in hands.sandbox.store.snapshot():
            if value["kind"] == "BucketClaim" and value.get("status", {}).get("bucketName") == what.partition("/")[2]:
                removed(hands, f"claim/{value['metadata']['name']}")
    ends = time.monotonic() + PATIENCE_SECONDS
    while (tree := hands.get(what)) is not None:
        assert time.monotonic() < ends, f"{what} does not go"
        place = hands.place(what).path
        if not tree["metadata"].get("deletionTimestamp"):
            write(hands.ports.conn, "DELETE", place, {}, "application/json")
        else:
            write(hands.ports.conn, "PATCH", place, {"metadata": {"finalizers": None}}, MERGE)


def made_anew(hands: Hands, what: str) -> None:
    before = hands.get(what)
    if before is None:
        name = what.partition("/")[2]
        hands.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": TEAM}}, "secret")
        return
    kind = what.partition("/")[0]
    removed(hands, what)
    meta = {key: before["metadata"][key] for key in ("name", "namespace") if key in before["metadata"]}
    hands.create({**{key: before[key] for key in ("apiVersion", "kind", "spec")}, "metadata": meta}, kind)


class OtherHand:
    """The ports of a run, where another hand acts once, right before the first write of an action."""

    def __init__(self, hands: Hands, act: Callable[[], None]) -> None:
        self._ports = live_ports(hands.shared, Ask())
        self._act = act
        self.acted = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)

    def tell_driver(self, _step: Step, _world: World) -> DriverSaid:
        return DriverSaid(gone=True, words="the driver answered OK")

    def send(self, write: Any, *, dry_run: bool) -> Any:
        if not self.acted:
            self.acted = True
            self._act()
        return self._ports.send(write, dry_run=dry_run)


def planned(hands: Hands, kind: Kindness) -> Plan:
    kind.prepare(hands)
    if kind.finding:
        hands.until(lambda: kind.finding in hands.findings(), kind.finding)
    origin = Origin(verb="test", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
    plan = make_plan(kind.planner(hands.ports.observe()), origin, limit=20)
    assert kind.action in {step.action.value for step in plan.steps}, plan.declined
    return plan


def run(plan: Plan, ports: Any, folder: Path) -> tuple[Outcome, ...]:
    return run_plan(plan, ports, folder, by="a test", wait=None)[1]


def last(plan: Plan, kind: Kindness) -> tuple[int, Step]:
    return next((number, step) for number, step in enumerate(plan.steps, 1) if step.action.value == kind.action)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.action)
@pytest.mark.parametrize("act", [touched, removed, made_anew], ids=lambda act: act.__name__)
def test_another_hand_between_look_and_write(kind: Kindness, act: Callable[[Hands, str], None], tmp_path: Path) -> None:
    if kind.action == "create-secret" and act is removed:
        pytest.skip("what is not there cannot be removed")
    with live(tmp_path, kind.scenario, speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        plan = planned(hands, kind)
        what = kind.target(hands)
        number, step = last(plan, kind)
        ports = OtherHand(hands, lambda: act(hands, what))
        outcomes = run(plan, ports, tmp_path)
        now = hands.get(what)
        outcome = next(one for one in outcomes if one.step.action is step.action)
    assert ports.acted
    record = read_run(runs_in(tmp_path)[0]).steps[number]
    assert (record.result, record.words) == (outcome.result, outcome.words)
    if act is touched and kind.action != "create-secret":
        assert outcome.result is Result.DONE, outcome.words
        assert now is None or now["metadata"]["annotations"]["example.com/note"] == "another hand"
        return
    assert outcome.result is Result.REFUSED, outcome.words
    if act is made_anew and now is not None and kind.action != "create-secret":
        assert not shows(step, now, record.values), "another object of that name was written to"


def shows(step: Step, now: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Whether an object bears what a step writes, whoever it is."""
    if step.action.value in {"delete-object", "remove-finalizer"}:
        return bool(now["metadata"].get("deletionTimestamp"))
    assert step.pin is not None
    return has_landed(step, {**now, "metadata": {**now["metadata"], "uid": step.pin.uid}}, values)


def meet(gate: threading.Barrier) -> None:
    gate.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.action != "remove-finalizer"], ids=lambda k: k.action)
def test_two_people_at_one_plan(kind: Kindness, tmp_path: Path) -> None:
    with live(tmp_path, kind.scenario, speed=SPEED) as sandbox:
        hands = Hands(sandbox)
        plan = planned(hands, kind)
        gate = threading.Barrier(2)
        ended: list[tuple[Outcome, ...]] = []

        def person(folder: Path) -> None:
            ports = OtherHand(hands, lambda: meet(gate))
            ended.append(run(plan, ports, folder))

        threads = [threading.Thread(target=person, args=(tmp_path / str(number),)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    results = sorted(outcomes[-1].result.value for outcomes in ended)
    assert results == ["done", "refused"], [outcome.words for outcomes in ended for outcome in outcomes]
