"""``cosictl wait`` against a cluster that changes while it waits."""

import copy
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from cosictl.sandbox.objects import TEAM
from tests.apiserver import NOON, ApiServer, Object
from tests.changing import Hands
from tests.cli_process import COMMAND, ROOT, TIMEOUT_SECONDS, cosictl, environment, one_line
from tests.cutting_proxy import in_front_of, through
from tests.live_sandbox import live
from tests.test_cli_watch import line_of

CASE = ROOT / "tests" / "golden" / "c06-name-never-valid" / "input"
CLAIM, BUCKET = "BucketClaim", "Bucket"
# Long enough never to be reached.
PATIENT = ("--timeout", "1h")


def looping() -> list[Object]:
    """A claim whose Bucket is refused for ever."""
    return [item for path in sorted(CASE.glob("*.yaml")) for item in yaml.safe_load(path.read_text())["items"]]


def only(kind: str, **more: Any) -> Object:
    """The case's object of a kind, with other fields, and with a version of its own when it is written."""
    value = copy.deepcopy(next(item for item in looping() if item["kind"] == kind))
    del value["metadata"]["resourceVersion"]
    return {**value, **more}


def ready(kind: str) -> Object:
    name = only(BUCKET)["metadata"]["name"]
    status = {"bucketReady": True, "bucketID" if kind == BUCKET else "bucketName": name}
    return only(kind, status=status)


def fresh() -> list[Object]:
    """The same claim just made, of which nothing is known yet."""
    return [only("BucketClass"), made_at_noon(only(CLAIM, status={}))]


def made_at_noon(value: Object) -> Object:
    value["metadata"]["creationTimestamp"] = "2026-11-23T12:00:00Z"
    return value


def going(value: Object) -> Object:
    value["metadata"] |= {"deletionTimestamp": "2026-11-23T11:55:00Z", "deletionGracePeriodSeconds": 0}
    return value


@contextmanager
def waiting(config: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    env = environment({"KUBECONFIG": str(config), "PYTHONUNBUFFERED": "1"})
    process = subprocess.Popen(
        [*COMMAND, "wait", *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def once(server: ApiServer, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return cosictl("wait", *words, env={"KUBECONFIG": str(server.kubeconfig(folder))})


def ends(process: "subprocess.Popen[str]") -> tuple[int, str]:
    out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    return process.returncode, out


def test_it_ends_as_soon_as_it_holds(tmp_path: Path) -> None:
    with (
        ApiServer(fresh(), at=NOON) as server,
        waiting(server.kubeconfig(tmp_path), "claim/photos", "--for", "ready", *PATIENT) as process,
    ):
        assert "BucketClaim/team-a/photos: not ready: " in line_of(process.stderr)
        server.change(ready(BUCKET))
        server.change(ready(CLAIM))
        assert ends(process) == (0, "BucketClaim/team-a/photos: ready\n")


def test_what_can_never_be_ends_at_once_with_the_finding(tmp_path: Path) -> None:
    with ApiServer(looping(), at=NOON) as server:
        done = once(server, tmp_path, "claim/photos", "--for", "ready", *PATIENT)
        assert done.returncode == 3
        head, _, told = done.stdout.partition("\n\n")
        assert head.startswith("BucketClaim/team-a/photos: cannot get ready: waiting for Bucket/")
        assert "which is looping: COSI106 " in head
        for part in ("why  ", "who fixes  ", "what to type", "cosictl cleanup claim/photos -n team-a"):
            assert part in told
        told = once(server, tmp_path, "claim/photos", "--for", "ready", *PATIENT, "-o", "json").stdout
        document = json.loads(told)
        assert (document["kind"], document["for"], document["result"]) == ("Wait", "ready", "never")
        target = document["targets"][0]
        assert (target["standing"], target["object"]["outlook"], target["finding"]["code"]) == (
            "never",
            "waiting",
            "COSI106",
        )
        settled = once(server, tmp_path, "claim/photos", "--for", "settled")
        assert settled.returncode == 0
        assert settled.stdout.startswith("BucketClaim/team-a/photos: settled: waiting for Bucket/")


def test_what_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    with (
        ApiServer([], at=NOON) as server,
        waiting(server.kubeconfig(tmp_path), "claim/photos", "--for", "ready", *PATIENT) as process,
    ):
        assert line_of(process.stderr).endswith("BucketClaim/team-a/photos: not ready: it does not exist")
        for value in (only("BucketClass"), ready(BUCKET), ready(CLAIM)):
            server.change(value)
        assert ends(process)[0] == 0


def test_gone_is_by_uid(tmp_path: Path) -> None:
    with ApiServer(looping(), at=NOON) as server:
        config = server.kubeconfig(tmp_path)
        with waiting(config, "claim/photos", "--for", "gone", *PATIENT) as process:
            assert "not gone" in line_of(process.stderr)
            other = only(CLAIM)
            other["metadata"]["uid"] = "another"
            server.drop(CLAIM)
            server.change(other)
            code, out = ends(process)
        assert code == 0
        assert out.startswith("BucketClaim/team-a/photos: gone")
        with waiting(config, f"bucket/{only(BUCKET)['metadata']['name']}", "--for", "gone", *PATIENT) as process:
            assert "not gone" in line_of(process.stderr)
            server.drop(BUCKET)
            assert ends(process)[0] == 0
        assert once(server, tmp_path, "claim/never-made", "--for", "gone").returncode == 0


def test_what_is_being_deleted_never_gets_ready(tmp_path: Path) -> None:
    with ApiServer([*fresh()[:1], going(ready(CLAIM)), ready(BUCKET)], at=NOON) as server:
        done = once(server, tmp_path, "claim/photos", "--for", "ready", *PATIENT)
        assert done.returncode == 3
        assert "cannot get ready: being deleted" in done.stdout


def test_time_is_up(tmp_path: Path) -> None:
    with ApiServer(fresh(), at=NOON) as server:
        done = once(server, tmp_path, "claim/photos", "claim/other", "--for", "ready", "--timeout", "1.2s")
        assert done.returncode == 124
        assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [
            "BucketClaim/team-a/photos",
            "BucketClaim/team-a/other",
        ]
        last = done.stderr.splitlines()[-1]
        assert last.startswith("cosictl: timed out after 1.2s: BucketClaim/team-a/photos: not ready: ")
        assert last.endswith("; and 1 more; cosictl diagnose claim/photos claim/other -n team-a")
        done = once(server, tmp_path, "claim/photos", "--for", "ready", "--timeout", "0", "-o", "json")
        assert done.returncode == 124
        assert json.loads(done.stdout)["result"] == "timeout"
        assert "looked once" in done.stderr


def test_a_connection_that_breaks_is_no_end(tmp_path: Path) -> None:
    with (
        ApiServer(fresh(), at=NOON) as server,
        in_front_of(server) as proxy,
        waiting(through(proxy, server, tmp_path), "claim/photos", "--for", "ready", *PATIENT) as process,
    ):
        assert "not ready" in line_of(process.stderr)
        proxy.cut()
        assert "asking again" in line_of(process.stderr)
        server.change(ready(BUCKET))
        server.change(ready(CLAIM))
        proxy.mend()
        assert ends(process) == (0, "BucketClaim/team-a/photos: ready\n")


def test_time_that_ends_without_a_connection_says_so(tmp_path: Path) -> None:
    with (
        ApiServer(fresh(), at=NOON) as server,
        in_front_of(server) as proxy,
        waiting(through(proxy, server, tmp_path), "claim/photos", "--for", "ready", "--timeout", "4s") as process,
    ):
        assert "not ready" in line_of(process.stderr)
        proxy.cut()
        _, err = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 124
        assert "news of the cluster did not come: " in err.splitlines()[-1]


def test_what_may_not_be_read_is_not_waited_for(tmp_path: Path) -> None:
    refused = ["bucketclaims", "bucketclaims@team-a"]
    with ApiServer(looping(), at=NOON, forbidden=refused) as server:
        for target in (("claim/photos",), ("claims", "--all")):
            done = once(server, tmp_path, *target, "--for", "gone", *PATIENT)
            assert done.returncode == 5
            last = done.stderr.splitlines()[-1]
            assert "cannot list resource" in last
            assert "cosictl rbac check" in last


@pytest.mark.parametrize("words", [("claim/photos",), ("claims", "--all")], ids=str)
@pytest.mark.parametrize("fault", ["500", "malformed"])
def test_what_could_not_be_read_is_not_gone(words: tuple[str, ...], fault: str, tmp_path: Path) -> None:
    with ApiServer(looping(), at=NOON, faults=[f"{fault}:list:bucketclaims", f"{fault}:watch:bucketclaims"]) as server:
        env = {"KUBECONFIG": str(server.kubeconfig(tmp_path))}
        done = cosictl("wait", *words, "--for", "gone", "--timeout", "1s", env=env)
    assert done.returncode == (1 if "--all" in words else 124), done.stdout
    assert "bucketclaims cannot be read" in done.stderr


def test_unknown_is_never_impossible(tmp_path: Path) -> None:
    refused = ["events", "events@team-a", "events@default", "leases", "pods"]
    with ApiServer(looping(), at=NOON, forbidden=refused) as server:
        done = once(server, tmp_path, "claim/photos", "--for", "ready", "--timeout", "2s")
        assert done.returncode == 124
        assert "which is unknown" in done.stdout
        assert "not read: events (forbidden)" in done.stderr


def test_all_that_labels_choose_is_waited_for(tmp_path: Path) -> None:
    values = [only("BucketClass"), ready(BUCKET), ready(CLAIM)]
    values[2]["metadata"]["labels"] = {"app": "web"}
    other = made_at_noon(only(CLAIM, status={}))
    other["metadata"] |= {"name": "music", "uid": "music"}
    with ApiServer([*values, other], at=NOON) as server:
        assert once(server, tmp_path, "claims", "-l", "app=web", "--for", "ready").returncode == 0
        assert once(server, tmp_path, "claims", "--all", "--for", "ready", "--timeout", "0").returncode == 124
        nothing = once(server, tmp_path, "claims", "-l", "app=none", "--for", "ready", *PATIENT)
        assert (nothing.returncode, nothing.stdout) == (1, "")
        assert "nothing matches" in nothing.stderr
        assert once(server, tmp_path, "claims", "-l", "app=none", "--for", "gone", *PATIENT).returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "not said what to wait for"),
        (("claim/photos",), "--for ready|gone|settled"),
        (("claim/photos", "--for", "delete"), "did you mean gone?"),
        (("claim/photos", "--for", "ready", "--timeout", "soon"), "is no duration"),
        (("claims", "--for", "ready"), "which of them?"),
        (("class/gold", "--for", "gone"), "only claims, buckets and accesses"),
        (("claim/photos", "-A", "--for", "gone"), "-n NAMESPACE"),
        (("claim/photos", "-l", "a=b", "--for", "gone"), "excludes"),
        (("claim/photos", "--for", "gone", "-o", "wide"), "no such output format"),
    ],
)
def test_what_cannot_be_waited_for_is_a_usage_error(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    with ApiServer([]) as server:
        done = once(server, tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in one_line(done.stderr)


def test_a_deletion_that_the_driver_refuses_never_ends(tmp_path: Path) -> None:
    with live(tmp_path, "deletion") as sandbox:
        words = ("wait", "claim/archive", "-n", "team-a", "--for", "gone", "--kubeconfig", str(sandbox.kubeconfig))
        done = cosictl(*words, "--timeout", "-1s")
        assert done.returncode == 3
        assert "cannot go: being deleted, waiting for Bucket/" in done.stdout
        assert "COSI301" in done.stdout


def test_a_claim_that_was_just_made_is_not_given_up(tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=10.0) as sandbox:
        hands = Hands(sandbox)
        with waiting(sandbox.kubeconfig, "claim/new", "-n", TEAM, "--for", "ready", *PATIENT) as process:
            assert "it does not exist" in line_of(process.stderr)
            tree = hands.get("claim/photos")
            assert tree is not None
            meta = {"name": "new", "namespace": TEAM}
            hands.create({**{key: tree[key] for key in ("apiVersion", "kind", "spec")}, "metadata": meta}, "claim")
            assert ends(process) == (0, "BucketClaim/team-a/new: ready\n")
