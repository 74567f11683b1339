"""Every remedy on a sandbox whose loops run: the finding goes, nothing else changes, and undo brings it back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from cosictl.sandbox.diff import What
from cosictl.sandbox.scenarios import LONG_CLASS
from tests.changing import Hands, Person
from tests.live_sandbox import live

SPEED: Final = 30.0


def nothing(_: Hands) -> None:
    """The scenario is enough."""


def secret_gone(hands: Hands) -> None:
    hands.free("secret/photos-reader-credentials")
    hands.delete("secret/photos-reader-credentials")
    hands.gone("secret/photos-reader-credentials")
    hands.delete("access/photos-reader")
    hands.until(lambda: "COSI412" in hands.findings(), "COSI412")


def secret_going(hands: Hands) -> None:
    """Its Secret was asked to go first, as when a namespace is deleted."""
    hands.delete("secret/photos-reader-credentials")
    hands.delete("access/photos-reader")
    hands.until(lambda: "COSI413" in hands.findings(), "COSI413")


def claimless(hands: Hands) -> None:
    """The claim of a Bucket that is being deleted was freed by hand: the sidecar misses it at the end."""
    bucket = hands.name_of_bucket("archive")
    hands.free("claim/archive")
    hands.gone("claim/archive")
    # From here on the driver would delete; the sidecar's last step then fails.
    hands.sandbox.backends["cosi.example.com"].buckets.pop(bucket)
    hands.patch(f"bucket/{bucket}", {"spec": {"parameters": None}})
    hands.until(lambda: "COSI304" in hands.findings(), "COSI304")


def chain_gone(hands: Hands) -> None:
    """The claim and the Bucket of a granted access went, and the access after them."""
    bucket = hands.name_of_bucket("photos")
    for what in ("claim/photos", f"bucket/{bucket}"):
        hands.free(what)
        hands.delete(what)
        hands.gone(what)
    hands.delete("access/photos-reader")
    hands.until(lambda: "COSI411" in hands.findings(), "COSI411")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A situation, the command that ends it, and what of the cluster may be another afterwards."""

    finding: str
    scenario: str
    command: tuple[str, ...]
    changed: frozenset[tuple[What, str, str]]
    prepare: Callable[[Hands], None] = nothing


GONE: Final = What.DELETED
STORIES: Final = (
    Story(
        finding="COSI106",
        scenario="cosi-86",
        command=("cleanup", "claim/reports"),
        changed=frozenset({(GONE, "BucketClaim", "reports"), (GONE, "Bucket", LONG_CLASS)}),
    ),
    Story(
        finding="COSI104",
        scenario="access",
        command=("cleanup", "claim/films"),
        changed=frozenset(
            {(GONE, "BucketClaim", "films"), (GONE, "Bucket", "bucket-"), (GONE, "BucketAccess", "waits")}
        ),
    ),
    Story(
        finding="COSI301",
        scenario="deletion",
        command=("cleanup", "-A", "--finding", "COSI301", "--retain"),
        changed=frozenset(
            {(GONE, "BucketClaim", "archive"), (GONE, "BucketClaim", "ledger"), (GONE, "Bucket", "bucket-")}
        ),
    ),
    Story(
        finding="COSI401",
        scenario="access",
        command=("cleanup", "access/no-class"),
        changed=frozenset({(GONE, "BucketAccess", "no-class")}),
    ),
    Story(
        finding="COSI402",
        scenario="access",
        command=("cleanup", "access/no-claim"),
        changed=frozenset({(GONE, "BucketAccess", "no-claim")}),
    ),
    Story(
        finding="COSI404",
        scenario="access",
        command=("cleanup", "access/no-account"),
        changed=frozenset({(GONE, "BucketAccess", "no-account")}),
    ),
    Story(
        finding="COSI405",
        scenario="access",
        command=("cleanup", "access/no-right"),
        changed=frozenset({(GONE, "BucketAccess", "no-right")}),
    ),
    Story(
        finding="COSI412",
        scenario="healthy",
        command=("repair", "access/photos-reader"),
        changed=frozenset({(GONE, "BucketAccess", "photos-reader"), (GONE, "Secret", "photos-reader-credentials")}),
        prepare=secret_gone,
    ),
    Story(
        finding="COSI304",
        scenario="deletion",
        command=("cleanup", "-A", "--finding", "COSI304", "--endpoint", "SOCKET"),
        changed=frozenset({(GONE, "BucketClaim", "archive"), (GONE, "Bucket", "bucket-")}),
        prepare=claimless,
    ),
    Story(
        finding="COSI411",
        scenario="healthy",
        command=("cleanup", "access/photos-reader", "--endpoint", "SOCKET", "--bucket-id", "old"),
        changed=frozenset(
            {
                *(
                    (GONE, "BucketAccess", "photos-reader"),
                    (GONE, "BucketClaim", "photos"),
                    (GONE, "Bucket", "bucket-"),
                ),
                (What.TERMINATING, "Secret", "photos-reader-credentials"),
            }
        ),
        prepare=chain_gone,
    ),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.finding)
def test_a_remedy_ends_its_finding_and_changes_nothing_else(story: Story, tmp_path: Path) -> None:
    with live(tmp_path, story.scenario, speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        story.prepare(hands)
        assert story.finding in hands.findings()
        socket = str(sandbox.sockets["cosi.example.com"])
        run = person.does(*(word.replace("SOCKET", socket) for word in story.command))
        assert {step["result"] for step in run["steps"]} == {"done"}
        hands.until(lambda: story.finding not in hands.findings(), f"the end of {story.finding}")
        for found in sandbox.difference():
            wanted = {(what, kind) for what, kind, name in story.changed if found.name.startswith(name)}
            assert (found.what, found.kind) in wanted, found


def test_a_silent_revoke_is_woken_and_then_let_go(tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        secret_going(hands)
        run = person.does("repair", "access/photos-reader")
        assert "it is COSI412 now" in run["steps"][0]["words"]
        run = person.does("repair", "access/photos-reader")
        assert run["steps"][0]["words"] == "written; BucketAccess/team-a/photos-reader is gone"
        assert sandbox.backends["cosi.example.com"].accounts == {}


def test_a_hand_off_is_repaired_and_undone(tmp_path: Path) -> None:
    with live(tmp_path, "handoff", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        # How many claims lose the race depends on the machine; some always do.
        hands.until(lambda: "COSI201" in hands.findings(), "COSI201")
        run = person.does("repair", "-A", "--finding", "COSI201")
        assert {step["result"] for step in run["steps"]} == {"done"}
        assert "COSI201" not in hands.findings()
        assert {(item.what, item.kind) for item in sandbox.difference()} == {(What.CHANGED, "BucketClaim")}
        back = person.does("undo", run["run"])
        assert [step["action"] for step in back["steps"]] == ["restore-status"] * len(run["steps"])
        assert sandbox.difference() == ()
        assert "COSI201" in hands.findings()


def test_a_claim_that_was_deleted_comes_back(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        run = person.does("cleanup", "claim/reports")
        assert run["steps"][0]["remains"].startswith("may leave bucket testlongname")
        person.does("undo", run["run"])
        hands.until(lambda: "COSI106" in hands.findings(), "the loop")
        tree = hands.get("claim/reports")
        assert tree is not None
        assert tree["spec"]["bucketClassName"] == LONG_CLASS


def test_quarantine_stops_a_loop_and_resume_starts_it(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        run = person.does("quarantine", "claim/reports", wait="31s")
        assert run["steps"][0]["words"].endswith("no attempt was recorded for 31 s")
        calls = sandbox.backends["cosi.example.com"].calls
        stopped = len(calls)
        time.sleep(40 / SPEED)
        assert len(calls) == stopped, "an interval is 30 s"
        refused = person.plans("cleanup", "claim/reports")
        assert refused["steps"] == []
        assert "quarantined" in refused["declined"][0]["reason"]
        back = person.does("resume", "claim/reports")
        assert "the next attempt failed: failed to create bucket" in back["steps"][0]["words"]
        assert sandbox.difference() == ()


def test_a_mark_is_shown_and_taken_off(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        bucket = f"bucket/{hands.name_of_bucket('reports')}"
        run = person.does("mark", bucket, "--reason", "name too long", "--ticket", "OPS-1", "--expires", "8h", "--hold")
        assert run["steps"][0]["words"] == "marked, with an Event"
        declined = person.plans("cleanup", "claim/reports")["declined"]
        assert "marked hold by" in declined[0]["reason"]
        person.does("unmark", bucket)
        assert sandbox.difference() == ()
        assert "COSI106" in hands.findings()


def test_two_drivers_make_no_proof(tmp_path: Path) -> None:
    with live(tmp_path, "two-drivers", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        secret_gone(hands)
        declined = person.plans("repair", "access/photos-reader")["declined"]
        assert "exactly one sidecar" in declined[0]["reason"]
