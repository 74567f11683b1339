"""Remedies on copies of clusters that no story leads to: dumps, loaded with loops, a driver and a backend."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from cosictl.intake.files import load_dump
from cosictl.model.copying import replace
from cosictl.sandbox.diff import What
from cosictl.sandbox.plan import Plan, plan_dump
from tests.changing import Hands, Person
from tests.live_sandbox import live

GOLDEN: Final = Path(__file__).parent / "golden"
NAME: Final = "bucket-40ea83c7-6318-0a8c-d0f9-4b0957384746"
DRIVER: Final = "cosi.example.com"


def copy(case: str, policy: str = "") -> Plan:
    """A sandbox of what a golden case recorded; ``policy`` is the sidecar's, the usual one of its version else."""
    builder, snapshot = load_dump(
        [str(GOLDEN / case / "input")], stdin=None, as_of=None, clock=datetime.now(UTC), keep_raw=True
    )
    return plan_dump(snapshot, [json.loads(raw) for raw in builder.raw_items()], policy=policy)


def lost_handoffs(count: int) -> Plan:
    """A sandbox of claims that never heard of their ready Buckets: photos-1, photos-2 and so on.

    A story would have to win a race for each of them.
    """
    plan = copy("h01-lost-handoff")
    one = {item["kind"]: json.dumps(item) for item in plan.objects if item["kind"] in {"Bucket", "BucketClaim"}}
    others = [item for item in plan.objects if item["kind"] not in one]
    uid = json.loads(one["BucketClaim"])["metadata"]["uid"]
    made = [
        json.loads(text.replace(uid, f"{number}{uid[1:]}").replace('"photos"', f'"photos-{number}"'))
        for number in range(1, count + 1)
        for text in one.values()
    ]
    for number, item in enumerate(made):
        item["metadata"]["uid"] = item["metadata"]["uid"] if item["kind"] == "BucketClaim" else f"bucket-uid-{number}"
    return replace(plan, objects=(*others, *made))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A dump, the finding in it, what is typed, the steps that follow, and what goes in the end."""

    dump: str
    finding: str
    command: tuple[str, ...]
    actions: tuple[str, ...]
    gone: frozenset[str] = frozenset()


CASES: Final = (
    Case(
        dump="d02-claim-left",
        finding="COSI302",
        command=("repair", "claim/photos", "--endpoint", "SOCKET", "--bucket-id", NAME),
        actions=("delete-at-driver", "remove-finalizer"),
        gone=frozenset({"BucketClaim"}),
    ),
    Case(
        dump="d03-unbound",
        finding="COSI303",
        command=("repair", "claim/photos", "--endpoint", "SOCKET", "--bucket-id", NAME),
        actions=("delete-at-driver", "remove-finalizer"),
        gone=frozenset({"BucketClaim"}),
    ),
    Case(
        dump="d07-zombie",
        finding="COSI307",
        command=("repair", "claim/photos"),
        actions=("recreate-bucket", "nudge"),
        gone=frozenset({"BucketClaim"}),
    ),
    Case(
        dump="d10-empty-claim-ref",
        finding="COSI310",
        command=("cleanup", "bucket/legacy"),
        actions=("set-retain", "remove-finalizer"),
        gone=frozenset({"Bucket"}),
    ),
    Case(
        dump="h03-ready-unnamed",
        finding="COSI203",
        command=("repair", "claim/photos"),
        actions=("repair-handoff",),
    ),
    Case(
        dump="a14-claim-deleted-since",
        finding="COSI414",
        command=("cleanup", "access/reader"),
        actions=("delete-object",),
        gone=frozenset({"BucketAccess"}),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.finding)
def test_a_copy_is_put_right(case: Case, tmp_path: Path) -> None:
    with live(tmp_path, copy(case.dump), speed=60) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.until(lambda: case.finding in hands.findings(), case.finding)
        words = tuple(word.replace("SOCKET", str(sandbox.sockets[DRIVER])) for word in case.command)
        run = person.does(*words, "-n", "team-a")
        assert tuple(step["action"] for step in run["steps"]) == case.actions
        assert {step["result"] for step in run["steps"]} == {"done"}
        hands.until(lambda: case.finding not in hands.findings(), f"the end of {case.finding}")
        assert {item.kind for item in sandbox.difference() if item.what is What.DELETED} == case.gone
        if case.finding == "COSI307":
            # It was adopted, and deleted properly.
            assert NAME not in sandbox.backends[DRIVER].buckets


@pytest.mark.parametrize(
    ("dump", "words", "reason"),
    [
        ("d02-claim-left", ("repair", "claim/photos"), "nothing proves that bucket"),
        ("d04-claim-gone", ("cleanup", f"bucket/{NAME}"), "nothing proves that the driver deleted"),
        ("d05-orphan", ("cleanup", f"bucket/{NAME}"), "somebody may still use the data"),
        ("a12-secret-gone", ("repair", "access/reader"), "is unknown"),
        ("c15-parked", ("cleanup", "claim/photos"), "deletes nothing in the backend (COSI314)"),
        ("d16-retained", ("cleanup", f"bucket/{NAME}", "--retain"), ""),
    ],
)
def test_without_proof_there_is_no_step(dump: str, words: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    with live(tmp_path, copy(dump), speed=60) as sandbox:
        Hands(sandbox).ports.observe()
        told = Person(sandbox, tmp_path).types(*words, "-n", "team-a", "-o", "json")
        if told.returncode:
            # Its loops have ended it before anybody looked.
            assert "not found" in told.stderr
            return
        plan = json.loads(told.stdout)
        assert plan["steps"] == []
        assert reason in plan["declined"][0]["reason"]
