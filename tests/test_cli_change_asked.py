"""Consent at a terminal, and marks: what is asked, what is said, what others see."""

import os
import pty
import signal
import subprocess
from pathlib import Path
from typing import Final

import pytest

from cosictl.remedy.journal import runs_in
from cosictl.sandbox.plan import plan_scenario
from tests.changing import Hands, Person
from tests.cli_process import COMMAND, environment
from tests.live_sandbox import live

SPEED: Final = 30.0


def at_terminal(person: Person, answer: str, *words: str) -> tuple[int, str]:
    """Run a command in a terminal where somebody types one line; returns its exit code and what was seen."""
    ours, theirs = pty.openpty()
    kube = ("--kubeconfig", str(person.sandbox.kubeconfig), "--journal-dir", str(person.journals))
    process = subprocess.Popen(
        [*COMMAND, *words, *kube], stdin=theirs, stdout=theirs, stderr=theirs, env=environment({"TERM": "xterm"})
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := _read(ours):
            seen += chunk
            if seen.rstrip().endswith((b"[y/N]", b"to go on:")):
                os.write(ours, answer.encode() + b"\n")
        return process.wait(60), seen.decode("utf-8", "replace")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(descriptor: int) -> bytes:
    """The end of a terminal is an error there."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize(("answer", "code"), [("n", 4), ("", 4), ("1", 4), ("yes", 0)])
def test_one_deletion_is_asked_about(answer: str, code: int, tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        ended, seen = at_terminal(person, answer, "cleanup", "claim/reports", "--apply")
        assert (ended, "do it, 1 step? [y/N]" in seen) == (code, True), seen
        assert bool(sandbox.difference()) == (code == 0)


@pytest.mark.parametrize(("answer", "code"), [("yes", 4), ("1", 4), ("2", 0)])
def test_the_number_of_deletions_is_typed(answer: str, code: int, tmp_path: Path) -> None:
    with live(tmp_path, "access", speed=SPEED) as sandbox:
        person = Person(sandbox, tmp_path)
        ended, seen = at_terminal(person, answer, "cleanup", "claim/films", "--apply")
        assert (ended, "2 objects will be deleted; type their number to go on:" in seen) == (code, True), seen
        assert bool(sandbox.difference()) == (code == 0)


def test_marks_are_listed_and_quoted(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        bucket = hands.name_of_bucket("reports")
        person.does("mark", f"bucket/{bucket}", "--reason", "known", "--ticket", "OPS-1", "--expires", "1s")
        person.does("mark", "claim/reports", "--reason", "asked the team")
        hands.until(lambda: bucket in person.types("get", "buckets", "--expired").stdout, "the end of the mark")
        listed = person.types("get", "buckets", "--marked", "-o", "name").stdout
        shown = person.types("diagnose").stdout
        told = [item for item in sandbox.store.snapshot() if item.get("reason") == "Marked"]
    assert listed.split() == [f"bucket.objectstorage.k8s.io/{bucket}"]
    assert "marked by" in shown
    assert "known" in shown
    # Where the Bucket carries the finding, the claim's mark is quoted beside it.
    assert "BucketClaim team-a/reports, marked by" in " ".join(shown.split())
    assert "asked the team" in shown
    assert [(item["metadata"]["namespace"], item["type"], item["source"]) for item in told] == [
        (namespace, "Normal", {"component": "cosictl"}) for namespace in ("default", "team-a")
    ]
    assert [item["involvedObject"]["name"] for item in told] == [bucket, "reports"]


@pytest.mark.parametrize(
    ("policy", "says", "asked"),
    [
        ("v0.2.2", "causes one more attempt at once", False),
        ("v0.2.1", "silently ends a failing loop until the sidecar restarts", True),
        ("image-60", "silently ends a failing loop until the sidecar restarts", True),
    ],
)
def test_a_mark_says_what_the_edit_does(policy: str, says: str, asked: bool, tmp_path: Path) -> None:  # noqa: FBT001
    with live(tmp_path, plan_scenario("cosi-86", policy=policy), speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        plan = person.plans("mark", f"bucket/{hands.name_of_bucket('reports')}", "--reason", "known")
    assert says in plan["steps"][0]["does"]
    assert bool(plan["asks"]) == asked


def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        # Nothing lets this one go, so that the run waits for the end of it.
        hands.patch("claim/reports", {"metadata": {"finalizers": ["example.com/keep"]}})
        words = ("cleanup", "claim/reports")
        digest = person.plans(*words)["digest"]
        kube = ("--kubeconfig", str(sandbox.kubeconfig), "--journal-dir", str(person.journals))
        process = subprocess.Popen(
            [*COMMAND, *words, "--confirm", digest, *kube],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        hands.until(lambda: any('"begin"' in path.read_text() for path in runs_in(person.journals)), "a step")
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130
    assert f"apply --resume {runs_in(person.journals)[0].stem}" in told
