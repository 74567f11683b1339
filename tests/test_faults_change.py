"""Every fault on every request of a run: an error or an outcome, never a crash, and the journal tells the truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.errors import CosictlError
from cosictl.flows.change import Origin, make_plan, run_plan
from cosictl.model.plan import Plan, Result
from cosictl.remedy.journal import read_run, runs_in
from cosictl.remedy.planners.common import Proposal
from cosictl.remedy.world import World
from cosictl.sandbox.api.faults import parse_fault
from tests.changing import Hands
from tests.live_sandbox import live
from tests.step_kinds import deleted, handed_off, marked

Tree = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A plan of one step, the requests that its run makes, and whether its object shows it."""

    scenario: str
    planner: Callable[[World], Proposal]
    finding: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    target: str
    shows: Callable[[Tree], bool]
    back: Mapping[str, Any]
    part: str = ""


def _is_marked(tree: Tree) -> bool:
    return "cosictl.dev/mark" in str(tree)


def _is_ready(tree: Tree) -> bool:
    status = (tree or {}).get("status")
    return isinstance(status, dict) and status.get("bucketReady") is True


def _is_going(tree: Tree) -> bool:
    return tree is None or "deletionTimestamp" in str(tree.get("metadata"))


READS: Final = ("get:namespaces", "create:selfsubjectaccessreviews", "list:bucketclaims", "list:events", "list:pods")
CHANGES: Final = (
    Change(
        scenario="healthy",
        planner=marked,
        finding="",
        reads=(*READS, "get:bucketclaims"),
        writes=("patch:bucketclaims", "create:events"),
        target="claim/photos",
        shows=_is_marked,
        back={"metadata": {"annotations": {"cosictl.dev/mark": None}}},
    ),
    Change(
        scenario="handoff",
        planner=handed_off,
        finding="COSI201",
        reads=("get:bucketclaims",),
        writes=("patch:bucketclaims/status",),
        target="claim/fast-1",
        shows=_is_ready,
        back={"status": {"bucketReady": False}},
        part="status",
    ),
    Change(
        scenario="cosi-86",
        planner=deleted,
        finding="COSI106",
        reads=("get:bucketclaims",),
        writes=("delete:bucketclaims",),
        target="claim/reports",
        shows=_is_going,
        back={},
    ),
)
WRITES: Final = ("400", "403", "409", "429", "500", "503", "504", "reset", "truncate", "malformed", "expired-token")
ONCE: Final = ("conflict", "lost-answer", "500", "503", "reset", "truncate", "malformed")
READ_FAULTS: Final = ("403", "malformed", "expired-token")
TIMEOUT_SECONDS: Final = 5.0


def planned(hands: Hands, change: Change) -> Plan:
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
        _, outcomes = run_plan(plan, hands.ports, folder, by="a test", wait=TIMEOUT_SECONDS)
        told = outcomes[0]
    except CosictlError as error:
        words = error.what
    finally:
        hands.sandbox.sabotage([])
    there = change.shows(hands.get(change.target))
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


@pytest.mark.parametrize("change", [change for change in CHANGES if change.back], ids=lambda change: change.scenario)
def test_every_fault_on_every_request(change: Change, tmp_path: Path) -> None:
    with live(tmp_path, change.scenario, speed=30) as sandbox:
        hands = Hands(sandbox)
        plan = planned(hands, change)
        said = []
        for number, fault in enumerate(["", *faults_of(change)]):
            said.append(judge(change, hands, tmp_path / str(number), fault, plan))
            hands.patch(change.target, change.back, change.part)
    assert said[0] == "done: written" or said[0].startswith("done: marked")
    assert {"done", "failed"} <= set(said)


@pytest.mark.parametrize("fault", faults_of(CHANGES[-1]))
def test_every_fault_on_a_deletion(fault: str, tmp_path: Path) -> None:
    change = CHANGES[-1]
    with live(tmp_path, change.scenario, speed=60) as sandbox:
        hands = Hands(sandbox)
        said = judge(change, hands, tmp_path / "journal", fault, planned(hands, change))
    # What is lost or busy once is looked up and tried again; a connection that breaks while it is made is an error.
    assert said == "done" or ":x1" not in fault or fault.startswith("reset"), said
