"""The printed rights are enough, and none is too many: each that is taken away makes a command report it."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from cosictl.knowledge.rights import PROBE, READ_ONLY, REMEDY, RIGHTS
from cosictl.model.rights import Right, Use
from cosictl.sandbox.api.access import Rule, User
from cosictl.sandbox.pod_exec import PROGRAMS
from cosictl.sandbox.run import Sandbox
from tests.apiserver import NOON, ApiServer, Object
from tests.cli_process import TIMEOUT_SECONDS, needs_socat
from tests.granting import SAYS_SO, TEAM, Desk, case, desk, printed, reports, without
from tests.in_process import Told, typed
from tests.live_sandbox import live
from tests.test_cli_wait import fresh, ready, waiting

POD: Final = "cosi-driver/cosi-example-com-0"


def stray_secret() -> list[Object]:
    meta: Object = {"name": "creds", "namespace": TEAM, "deletionTimestamp": "2026-11-23T11:55:00Z"}
    meta |= {"deletionGracePeriodSeconds": 0, "finalizers": ["cosi.objectstorage.k8s.io/secret-protection"]}
    return [*case("h01-lost-handoff"), {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": meta}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Commands that use rights, and the cluster they are typed at; the last one counts."""

    words: tuple[str, ...]
    objects: Callable[[], list[Object]]
    first: tuple[str, ...] = ()


def at(name: str, *words: str, first: tuple[str, ...] = (), spared: str = "") -> Proof:
    return Proof(words=words, objects=lambda: case(name, spared), first=first)


NAME: Final = "bucket-40ea83c7-6318-0a8c-d0f9-4b0957384746"
ASK: Final = "--dry-run=server"
MARK: Final = ("--reason", "seen")
LOOKS: Final = (
    ("diagnose",),
    ("get", "claims"),
    ("events", "claim/photos"),
    ("wait", "claims", "--all", "--for", "settled"),
    # These look at every namespace that may be looked at.
    ("get", "claims,buckets,accesses"),
    ("sidecars",),
    ("diagnose", "-A"),
)


@pytest.mark.parametrize("name", ["a01-class-missing", "a05-parked-v1alpha2"])
def test_looking_takes_no_more_than_is_printed(name: str, tmp_path: Path) -> None:
    with desk(case(name), tmp_path / "desk") as one:
        one.may(printed(Use.READ_ONLY))
        dump = ("snapshot", "-A", "-o", str(tmp_path / "dump.json"))
        for words in (*LOOKS, dump, ("diagnose", "--logs", "--since", "0"), ("events", "--logs")):
            told = one.types(*words)
            assert (words, one.refused) == (words, [])
            assert "not read" not in told.err
            assert not SAYS_SO.search(told.text)
        assert any("/log?" in line for line in one.server.log)


def test_looking_at_one_namespace_takes_no_more_than_is_printed(tmp_path: Path) -> None:
    with desk(case("a01-class-missing"), tmp_path / "desk") as one:
        one.may(printed(Use.READ_ONLY, TEAM))
        for words in LOOKS[:4]:
            told = one.types(*words)
            assert (words, one.refused) == (words, [])
            assert not SAYS_SO.search(told.text)
        assert one.types("diagnose").code == 3


@pytest.mark.parametrize("right", [right for right in READ_ONLY if right.verb != "watch"], ids=lambda r: r.resource)
def test_without_a_right_to_look_it_is_reported(right: Right, tmp_path: Path) -> None:
    with desk(case("a01-class-missing"), tmp_path / "desk") as one:
        one.may(without(printed(Use.READ_ONLY), right))
        told = one.types("diagnose", "-A", *(("--logs",) if right.resource == "pods/log" else ()))
        assert f"Not read: {right.resource}" in told.out
        assert one.refused


def bucket_of(name: str) -> str:
    return str(next(item["metadata"]["name"] for item in case(name) if item["kind"] == "Bucket"))


UNCREATED: Final = bucket_of("c06-name-never-valid")
# What is typed for a right of a remedy, and at which cluster.
PROOFS: Final[Mapping[tuple[str, str], Proof]] = {
    ("namespaces", "get"): at("h01-lost-handoff", "mark", "claim/photos", *MARK, ASK),
    ("buckets", "get"): at("h01-lost-handoff", "mark", f"bucket/{NAME}", *MARK, ASK),
    ("bucketclaims", "get"): at("h01-lost-handoff", "mark", "claim/photos", *MARK, ASK),
    ("bucketaccesses", "get"): at("a01-class-missing", "mark", "access/reader", *MARK, ASK),
    ("buckets", "patch"): at("h01-lost-handoff", "mark", f"bucket/{NAME}", *MARK, ASK),
    ("bucketclaims", "patch"): at("h01-lost-handoff", "mark", "claim/photos", *MARK, ASK),
    ("bucketaccesses", "patch"): at("a01-class-missing", "mark", "access/reader", *MARK, ASK),
    ("bucketclaims/status", "patch"): at("h01-lost-handoff", "repair", "claim/photos", ASK),
    ("secrets", "get"): Proof(words=("repair", "secret/creds", ASK), objects=stray_secret),
    ("secrets", "patch"): Proof(words=("repair", "secret/creds", ASK), objects=stray_secret),
    ("secrets", "create"): at("a12-secret-gone", "repair", "access/reader", ASK),
    ("buckets", "create"): at("d07-zombie", "repair", "claim/photos", ASK),
    ("buckets", "delete"): at("c06-name-never-valid", "cleanup", f"bucket/{UNCREATED}", ASK, spared="BucketClaim"),
    ("bucketclaims", "delete"): at("c01-class-missing", "cleanup", "claim/photos", ASK),
    ("bucketaccesses", "delete"): at("a01-class-missing", "cleanup", "access/reader", ASK),
    ("bucketclaims", "create"): at("c01-class-missing", "undo", ASK, first=("cleanup", "claim/photos")),
    ("bucketaccesses", "create"): at("a01-class-missing", "undo", ASK, first=("cleanup", "access/reader")),
    ("events", "create"): at("h01-lost-handoff", "mark", "claim/photos", *MARK, "--wait=0"),
}


def done(one: Desk, words: tuple[str, ...]) -> None:
    """Plan, agree, carry out."""
    journal = ("--journal-dir", str(one.folder / "journals"))
    plan = one.types(*words, "-o", "json", *journal)
    digest = json.loads(plan.out)["digest"]
    one.types(*words, "--confirm", digest, "--wait", "0", "-o", "json", *journal)


def proven(one: Desk, proof: Proof) -> Told:
    """Type what a proof is made of."""
    journal = ("--journal-dir", str(one.folder / "journals"))
    if proof.words[0] == "undo":
        (run,) = (path.stem for path in (one.folder / "journals").glob("*.jsonl"))
        return one.types("undo", run, *proof.words[1:], *journal)
    if ASK in proof.words:
        return one.types(*proof.words, *journal)
    digest = json.loads(one.types(*proof.words, "-o", "json", *journal).out)["digest"]
    return one.types(*proof.words, "--confirm", digest, *journal)


@pytest.mark.parametrize(
    "right", [right for right in REMEDY if right.verb != "list"], ids=lambda r: f"{r.verb} {r.resource}"
)
def test_a_right_to_change_is_enough_and_needed(right: Right, tmp_path: Path) -> None:
    proof = PROOFS[right.resource, right.verb]
    rules = printed(Use.REMEDY)
    with desk(proof.objects(), tmp_path / "enough") as one:
        one.may(rules)
        if proof.first:
            done(one, proof.first)
        told = proven(one, proof)
        assert told.code == 0, told.text
        assert (one.refused, SAYS_SO.findall(told.text)) == ([], [])
    with desk(proof.objects(), tmp_path / "desk") as one:
        one.may(rules)
        if proof.first:
            done(one, proof.first)
        one.may(without(rules, right))
        told = proven(one, proof)
        assert reports(told, right), told.text


@pytest.mark.parametrize("right", [right for right in REMEDY if right.verb == "list"], ids=lambda r: r.resource)
def test_a_plan_says_what_it_could_not_see(right: Right, tmp_path: Path) -> None:
    with desk(case("a01-class-missing"), tmp_path / "desk") as one:
        one.may(without(printed(Use.REMEDY), right))
        assert reports(one.types("mark", "access/reader", *MARK), right)


def test_every_right_to_change_has_a_proof() -> None:
    assert set(PROOFS) == {(right.resource, right.verb) for right in REMEDY if right.verb != "list"}


def test_no_right_stands_twice() -> None:
    keys = [(right.use, right.group, right.resource, right.verb) for right in RIGHTS]
    assert len(keys) == len(set(keys))


def kubeconfig_of(server: ApiServer, folder: Path, rules: tuple[Rule, ...]) -> Path:
    """A kubeconfig for somebody with these rights."""
    folder.mkdir()
    server.users[folder.name] = User(name=folder.name, rules=rules)
    return server.kubeconfig(folder, token=folder.name)


def test_without_a_right_to_watch_it_is_said(tmp_path: Path) -> None:
    rules, watched = printed(Use.READ_ONLY), [right for right in READ_ONLY if right.verb == "watch"]
    with ApiServer(fresh(), at=NOON) as server, ExitStack() as stack:
        words = ("claim/photos", "--for", "ready", "--timeout", "40s")
        all_rights = stack.enter_context(waiting(kubeconfig_of(server, tmp_path / "all", rules), *words))
        lacking = [
            stack.enter_context(
                waiting(kubeconfig_of(server, tmp_path / right.resource, without(rules, right)), *words)
            )
            for right in watched
        ]
        for right, process in zip(watched, lacking, strict=True):
            assert process.stderr is not None
            said = next((line for line in process.stderr if "cannot be watched" in line), "")
            assert said.startswith(f"cosictl: {right.resource} cannot be watched: ")
        server.change(ready("Bucket"))
        server.change(ready("BucketClaim"))
        _, err = all_rights.communicate(timeout=TIMEOUT_SECONDS)
        assert all_rights.returncode == 0
        assert "cannot be watched" not in err


# What is typed for a right to ask drivers, in the story "access".
PROBES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("pods", "get"): ("info", "--pod", POD),
    ("pods/exec", "get"): ("info", "--pod", POD),
    ("pods/exec", "create"): ("info", "--pod", POD),
    ("pods/ephemeralcontainers", "patch"): ("info", "--pod", POD, "--debug-image", "example.com/tools"),
    ("pods", "list"): ("info", "--driver", "cosi.example.com"),
    ("leases", "list"): ("info", "--driver", "cosi.example.com"),
    ("buckets", "get"): ("reproduce", "claim/films", "--dry-run"),
    ("bucketclaims", "get"): ("reproduce", "claim/films", "--dry-run"),
    ("bucketaccesses", "get"): ("reproduce", "access/no-right", "--dry-run"),
    ("bucketaccessclasses", "get"): ("reproduce", "access/no-right", "--dry-run"),
    ("events", "list"): ("reproduce", "claim/films", "--dry-run"),
}


def asks(sandbox: Sandbox, rules: tuple[Rule, ...], words: tuple[str, ...], namespace: str = TEAM) -> Told:
    """Ask a driver, with these rights and no others."""
    token = sandbox.access.admit(User(name="me", rules=rules))
    # Where the Pod has a tool of its own, no container is added.
    sandbox.pods.programs = {} if "--debug-image" in words else {"driver": PROGRAMS}
    who = ("--kubeconfig", str(sandbox.kubeconfig), "--token", token, "-n", namespace)
    return typed("probe-driver", *words, *who, "--timeout", "1m", "--connect-timeout", "1m")


@needs_socat
def test_rights_to_ask_drivers_are_enough_and_needed(tmp_path: Path) -> None:
    rules = printed(Use.PROBE)
    with live(tmp_path, "access") as sandbox:
        for right in PROBE:
            words = PROBES[right.resource, right.verb]
            told = asks(sandbox, rules, words)
            assert (told.code, SAYS_SO.findall(told.text)) == (0, []), told.text
            told = asks(sandbox, without(rules, right), words)
            assert reports(told, right), (words, right.verb, right.resource, told)
    assert set(PROBES) == {(right.resource, right.verb) for right in PROBE}


@needs_socat
def test_rights_to_ask_drivers_of_one_namespace_are_enough(tmp_path: Path) -> None:
    with live(tmp_path, "access") as sandbox:
        for words in PROBES.values():
            namespace = TEAM if words[0] == "reproduce" else "cosi-driver"
            told = asks(sandbox, printed(Use.PROBE, namespace), words, namespace)
            assert (told.code, SAYS_SO.findall(told.text)) == (0, []), told.text


@pytest.mark.parametrize(
    "key", [("bucketclaims", "patch"), ("bucketaccesses", "delete"), ("secrets", "create")], ids=str
)
def test_rights_to_change_one_namespace_are_enough(key: tuple[str, str], tmp_path: Path) -> None:
    with desk(PROOFS[key].objects(), tmp_path / "desk") as one:
        one.may(printed(Use.REMEDY, TEAM))
        told = proven(one, PROOFS[key])
        assert told.code == 0, told.text
        # Changing verbs look at every namespace, and say that they may not.
        assert "not read: bucketaccesses (forbidden), bucketclaims (forbidden), events (forbidden)" in told.err
