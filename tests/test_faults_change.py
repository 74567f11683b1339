"""Every fault on every request of a run: an error or an outcome, never a crash, and the journal tells the truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.errors import CosictlError
from cosictl.flows.change import Origin, make_plan, run_plan
from cosictl.knowledge.annotations import QUARANTINED_DRIVER
from cosictl.model.plan import Plan, Result
from cosictl.remedy.journal import read_run, runs_in
from cosictl.remedy.planners.common import Proposal
from cosictl.remedy.planners.mark import Note, plan_marks
from cosictl.remedy.planners.quarantine import PARKED
from cosictl.remedy.world import World
from cosictl.sandbox.api.faults import parse_fault
from cosictl.sandbox.objects import DRIVER
from cosictl.sandbox.plan import Plan as SandboxPlan
from tests.changing import Hands
from tests.live_sandbox import live
from tests.step_kinds import ACCESS, deleted, handed_off, made_again, marked, parked, repaired
from tests.test_remedy_dumps import lost_handoffs
from tests.test_remedy_live import nothing, secret_gone

Tree = Mapping[str, Any] | None
TIMEOUT_SECONDS: Final = 5.0


Back = Callable[[Hands], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A plan of one step, the requests that its run makes, and whether its object shows it.

    ``back`` puts things as they were, so that one sandbox serves for many faults; without it each has its own.
    """

    kind: str
    scenario: str | Callable[[], SandboxPlan]
    planner: Callable[[World], Proposal]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    target: Callable[[Hands], str]
    shows: Callable[[Tree], bool]
    finding: str = ""
    prepare: Back = nothing
    wait: float | None = TIMEOUT_SECONDS
    back: Back | None = None

    @property
    def world(self) -> SandboxPlan | str:
        """What the sandbox is made of."""
        return self.scenario if isinstance(self.scenario, str) else self.scenario()


def _is_marked(tree: Tree) -> bool:
    return "cosictl.dev/mark" in str(tree)


def _is_ready(tree: Tree) -> bool:
    status = (tree or {}).get("status")
    return isinstance(status, dict) and status.get("bucketReady") is True


def _is_going(tree: Tree) -> bool:
    return tree is None or "deletionTimestamp" in str(tree.get("metadata"))


def _is_parked(tree: Tree) -> bool:
    return PARKED in str((tree or {}).get("spec"))


def _is_there(tree: Tree) -> bool:
    return tree is not None


def _is_gone(tree: Tree) -> bool:
    return tree is None


def access_marked(world: World) -> Proposal:
    return plan_marks(world, [ACCESS], Note(reason="seen", by="a test"))


def reports(hands: Hands) -> str:
    return f"bucket/{hands.name_of_bucket('reports')}"


def unparked(hands: Hands) -> None:
    original = {"metadata": {"annotations": {QUARANTINED_DRIVER: None}}, "spec": {"driverName": DRIVER}}
    hands.patch(reports(hands), original)


def unmade(hands: Hands) -> None:
    if hands.get("claim/again") is not None:
        hands.free("claim/again")
        hands.delete("claim/again")
        hands.until(lambda: hands.get("claim/again") is None, "the end of the claim")


UNMARK: Final = {"metadata": {"annotations": {"cosictl.dev/mark": None}}}
LISTS: Final = tuple(
    f"list:{kind}"
    for kind in ("buckets", "bucketclaims", "bucketaccesses", "bucketclasses", "events", "pods", "leases")
)
READS: Final = ("get:namespaces", "create:selfsubjectaccessreviews", *LISTS)
CHANGES: Final = (
    Change(
        kind="mark a claim",
        scenario="healthy",
        planner=marked,
        reads=(*READS, "get:bucketclaims"),
        writes=("patch:bucketclaims", "create:events"),
        target=lambda _: "claim/photos",
        shows=_is_marked,
        back=lambda hands: hands.patch("claim/photos", UNMARK),
    ),
    Change(
        kind="mark an access",
        scenario="healthy",
        planner=access_marked,
        reads=("get:bucketaccesses",),
        writes=("patch:bucketaccesses",),
        target=lambda _: "access/photos-reader",
        shows=_is_marked,
        back=lambda hands: hands.patch("access/photos-reader", UNMARK),
    ),
    Change(
        kind="repair a hand-off",
        scenario=lambda: lost_handoffs(1),
        planner=handed_off,
        finding="COSI201",
        reads=("get:bucketclaims",),
        writes=("patch:bucketclaims/status",),
        target=lambda _: "claim/photos-1",
        shows=_is_ready,
        back=lambda hands: hands.patch("claim/photos-1", {"status": {"bucketReady": False}}, "status"),
    ),
    Change(
        kind="quarantine",
        scenario="cosi-86",
        planner=parked,
        finding="COSI106",
        reads=("get:buckets",),
        writes=("patch:buckets",),
        target=reports,
        shows=_is_parked,
        wait=None,
        back=unparked,
    ),
    Change(
        kind="make a claim again",
        scenario="healthy",
        planner=made_again,
        reads=("get:bucketclaims",),
        writes=("create:bucketclaims",),
        target=lambda _: "claim/again",
        shows=_is_there,
        back=unmade,
    ),
    Change(
        kind="delete a claim",
        scenario="cosi-86",
        planner=deleted,
        finding="COSI106",
        reads=("get:bucketclaims",),
        writes=("delete:bucketclaims",),
        target=lambda _: "claim/reports",
        shows=_is_going,
    ),
    Change(
        kind="make a Secret",
        scenario="healthy",
        planner=repaired,
        reads=("get:secrets",),
        writes=("create:secrets",),
        target=lambda _: "access/photos-reader",
        shows=_is_gone,
        prepare=secret_gone,
    ),
)
WRITES: Final = ("400", "403", "409", "429", "500", "503", "504", "reset", "truncate", "malformed", "expired-token")
ONCE: Final = ("conflict", "lost-answer", "500", "503", "reset", "truncate", "malformed")
READ_FAULTS: Final = ("403", "malformed", "expired-token")


def planned(hands: Hands, change: Change) -> Plan:
    change.prepare(hands)
    if change.finding:
        hands.until(lambda: change.finding in hands.findings(), change.finding)
    origin = Origin(verb="test", cluster=hands.ports.identity(), source="test", now=hands.ports.now())
    return make_plan(change.planner(hands.ports.observe()), origin, limit=20)


def faults_of(change: Change) -> list[str]:
    """Every fault that can happen to the requests of a run, for ever and once."""
    reads = [f"{fault}:{request}" for request in change.reads for fault in READ_FAULTS]
    writes = [f"{fault}:{request}:wait=0" for request in change.writes for fault in WRITES]
    once = [
        f"{fault}:{request}:x1:wait=0"
        for request in change.writes
        for fault in ONCE
        if not (fault == "conflict" and request.startswith("create"))
    ]
    return [*reads, *writes, *once]


def judge(change: Change, hands: Hands, folder: Path, fault: str, plan: Plan) -> str:
    """Run a plan under a fault, and hold what the journal says against what is there; return what was said."""
    hands.sandbox.sabotage([parse_fault(fault)] if fault else [])
    words = ""
    told = None
    try:
        _, outcomes = run_plan(plan, hands.ports, folder, by="a test", wait=change.wait)
        told = outcomes[0]
    except CosictlError as error:
        words = error.what
    finally:
        hands.sandbox.sabotage([])
    there = change.shows(hands.get(change.target(hands)))
    found = runs_in(folder)
    if told is None:
        assert words, fault
        assert not there, f"{fault}: changed, and nothing was said"
        return "nothing begun"
    record = read_run(found[0]).steps[1]
    assert record.result is told.result, fault
    if told.result is Result.DONE:
        assert there, f"{fault}: said to be done: {told.words}"
    elif told.result is not Result.UNKNOWN:
        assert not there, f"{fault}: done, and said to be {told.result}: {told.words}"
    return told.result.value if fault else f"{told.result}: {told.words}"


@pytest.mark.parametrize("change", [change for change in CHANGES if change.back], ids=lambda change: change.kind)
def test_every_fault_on_every_request(change: Change, tmp_path: Path) -> None:
    with live(tmp_path, change.world, speed=30) as sandbox:
        hands = Hands(sandbox)
        said = []
        for number, fault in enumerate(["", *faults_of(change)]):
            said.append(judge(change, hands, tmp_path / str(number), fault, planned(hands, change)))
            assert change.back is not None
            change.back(hands)
    assert said[0].startswith("done: ")
    assert {"done", "failed"} <= set(said)


ALONE: Final = [
    pytest.param(change, fault, id=f"{change.kind}-{fault}")
    for change in CHANGES
    if not change.back
    for fault in faults_of(change)
]


@pytest.mark.parametrize(("change", "fault"), ALONE)
def test_every_fault_on_what_happens_once(change: Change, fault: str, tmp_path: Path) -> None:
    with live(tmp_path, change.world, speed=60) as sandbox:
        hands = Hands(sandbox)
        said = judge(change, hands, tmp_path / "journal", fault, planned(hands, change))
        secret = hands.get("secret/photos-reader-credentials")
    assert change.kind != "make a Secret" or said != "done" or secret is None, "a second Secret was made"
    # What is lost or busy once is looked up and tried again; a connection that breaks while it is made is an error.
    assert said == "done" or ":x1" not in fault or fault.startswith("reset"), said
