"""``cosictl get -w`` against a cluster that changes while it is watched."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import yaml

from cosictl.sandbox.api.resources import resource_of
from cosictl.sandbox.api.store import Store
from tests.apiserver import NOON, ApiServer, Object
from tests.cli_process import COMMAND, ROOT, TIMEOUT_SECONDS, V1, cosictl, environment, terminal
from tests.cutting_proxy import in_front_of, through

CASE = ROOT / "tests" / "golden" / "c06-name-never-valid" / "input"
WATCH = ("-n", "team-a", "-w", "--interval", "50ms")


def objects() -> list[Object]:
    return [item for path in sorted(CASE.glob("*.yaml")) for item in yaml.safe_load(path.read_text())["items"]]


@contextmanager
def watching(server: ApiServer, folder: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    env = environment({"KUBECONFIG": str(server.kubeconfig(folder)), "PYTHONUNBUFFERED": "1"})
    process = subprocess.Popen(
        [*COMMAND, "get", *words, *WATCH], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().rstrip()


def test_only_what_changed_is_printed_again(tmp_path: Path) -> None:
    with (
        ApiServer(objects(), at=NOON) as server,
        watching(server, tmp_path, "claims") as process,
    ):
        assert line_of(process.stdout).startswith("NAME")
        assert line_of(process.stdout).split()[:2] == ["photos", "waiting"]
        server.change({**next(item for item in objects() if item["kind"] == "BucketClaim"), "status": {}})
        server.drop("Bucket")
        assert line_of(process.stdout).split()[0] == "photos"
        server.drop("BucketClaim")
        assert line_of(process.stdout).split() == ["photos", "gone"]
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_SECONDS) == 130


def test_documents_come_one_by_one(tmp_path: Path) -> None:
    with ApiServer(objects()) as server, watching(server, tmp_path, "claims", "-o", "json") as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n") or text.count("{") != text.count("}"):
            text += process.stdout.readline()
        assert json.loads(text)["metadata"]["name"] == "photos"


def test_a_failure_in_between_is_said_and_asked_again(tmp_path: Path) -> None:
    with ApiServer(objects()) as server, in_front_of(server) as proxy:
        env = environment({"KUBECONFIG": str(through(proxy, server, tmp_path)), "PYTHONUNBUFFERED": "1"})
        process = subprocess.Popen(
            [*COMMAND, "get", "claims", *WATCH], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert line_of(process.stdout).startswith("NAME")
            assert line_of(process.stdout).startswith("photos")
            proxy.cut()
            assert "asking again" in line_of(process.stderr)
            server.drop("BucketClaim")
            proxy.mend()
            assert line_of(process.stdout).split() == ["photos", "gone"]
        finally:
            process.kill()
            process.communicate()


def test_rows_that_come_later_stand_under_the_same_heading_and_tell_the_namespace(tmp_path: Path) -> None:
    with ApiServer([claim(0)], at=NOON) as server, watching(server, tmp_path, "claims,buckets", "-A") as process:
        heading, first = line_of(process.stdout), line_of(process.stdout)
        server.change(claim(99))
        later = line_of(process.stdout)
        server.on(forget_c99)
        gone = line_of(process.stdout)
    assert [line.split()[:3] for line in (first, later, gone)] == [
        ["team-a", "bucketclaim/c0", "looping"],
        ["team-a", "bucketclaim/c99", "looping"],
        ["team-a", "bucketclaim/c99", "gone"],
    ]
    assert {line.index("bucketclaim/") for line in (first, later, gone)} == {heading.index("NAME", len("NAMESPACE"))}


def test_where_there_is_nothing_at_first_the_first_rows_decide_how_wide_columns_are(tmp_path: Path) -> None:
    with ApiServer([], at=NOON) as server, watching(server, tmp_path, "claims", "-A", "--no-headers") as process:
        assert "No resources found" in line_of(process.stderr)
        for number in (123_456_789, 1):
            server.change(claim(number))
        assert len({line_of(process.stdout).index("looping") for _ in range(2)}) == 1


@pytest.mark.parametrize(
    "words", [("claims", "-w", "-f", V1), ("drivers", "-w"), ("claims", "-w", "--interval", "soon")], ids=str
)
def test_what_cannot_be_watched_is_a_usage_error(words: tuple[str, ...], tmp_path: Path) -> None:
    with ApiServer(objects()) as server:
        done = cosictl("get", *words, env={"KUBECONFIG": str(server.kubeconfig(tmp_path))})
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def claim(number: int) -> Object:
    metadata = {"name": f"c{number}", "namespace": "team-a", "uid": f"uid-{number}", "creationTimestamp": NOW}
    return {
        "apiVersion": "objectstorage.k8s.io/v1alpha1",
        "kind": "BucketClaim",
        "metadata": metadata,
        "spec": {"bucketClassName": "standard", "protocols": ["S3"]},
    }


GONE = "c99 gone"
NOW = NOON.strftime("%Y-%m-%dT%H:%M:%SZ")


def forget_c99(store: Store) -> None:
    resource = resource_of("BucketClaim", "objectstorage.k8s.io/v1alpha1")
    assert resource is not None
    store.delete(resource, "team-a", "c99")


def told_by(line: str) -> str:
    """The name of the claim that a line is about, and whether it is gone."""
    name, outlook, *_ = line.split()
    return f"{name} gone" if outlook == "gone" else name


def names_until(process: "subprocess.Popen[str]", last: str) -> list[str]:
    """What each line up to one tells; where that never comes, the process is ended, and no line follows."""
    found: list[str] = []
    watchdog = threading.Timer(TIMEOUT_SECONDS, process.kill)
    watchdog.start()
    while last not in found:
        found.append(told_by(line_of(process.stdout)))
    watchdog.cancel()
    return found


@pytest.mark.parametrize(
    ("faults", "is_listed"),
    [((), False), (("refused-streaming",), True), (("reset:watch:bucketclaims:x2",), False)],
    ids=["streamed", "listed", "reset"],
)
def test_no_change_is_lost_or_told_twice_whatever_happens_to_the_connection(
    tmp_path: Path, *, faults: tuple[str, ...], is_listed: bool
) -> None:
    with ApiServer([claim(0)], at=NOON, history=20, faults=faults) as server, in_front_of(server) as proxy:
        process = subprocess.Popen(
            [*COMMAND, "get", "claims", "-w", "--no-headers"],
            env=environment({"KUBECONFIG": str(through(proxy, server, tmp_path)), "PYTHONUNBUFFERED": "1"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            told = names_until(process, "c0")
            server.change(claim(1))
            told += names_until(process, "c1")
            server.change(claim(99))
            told += names_until(process, "c99")
            server.on(forget_c99)
            told += names_until(process, GONE)
            proxy.cut()  # as when the API server restarts
            server.change(claim(2))
            proxy.mend()
            told += names_until(process, "c2")
            proxy.cut()
            for number in range(3, 43):  # more than the server remembers: 410
                server.change(claim(number))
            proxy.mend()
            server.change(claim(43))
            told += names_until(process, "c43")
            server.change(claim(44))
            told += names_until(process, "c44")
            process.send_signal(signal.SIGINT)
            told += [told_by(line) for line in process.communicate()[0].splitlines()]
        finally:
            process.kill()
            process.communicate()
        assert sorted(told) == sorted([GONE, "c99", *(f"c{number}" for number in range(45))])
        # The server had forgotten: what was missed came with a new stream, or with a new list.
        assert any("bucketclaims?limit=500" in path for path in server.requests) is is_listed


@contextmanager
def diagnosing(server: ApiServer, folder: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    env = environment({"KUBECONFIG": str(server.kubeconfig(folder)), "PYTHONUNBUFFERED": "1"})
    command = [*COMMAND, "diagnose", "-w", *words]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_diagnose_tells_what_gets_stuck_and_what_is_gone(tmp_path: Path) -> None:
    with ApiServer(objects(), at=NOON) as server, diagnosing(server, tmp_path) as process:
        first = line_of(process.stdout)
        assert first.startswith("12:00:")
        assert "looping COSI106 invalid-name: Bucket/" in first
        server.drop("Bucket")
        assert "gone (was looping, its loop stopped): Bucket/" in line_of(process.stdout)


def test_diagnose_tells_it_as_json(tmp_path: Path) -> None:
    with ApiServer(objects(), at=NOON) as server, diagnosing(server, tmp_path, "-o", "jsonl") as process:
        first = json.loads(line_of(process.stdout))
        told = first["kind"], first["was"], first["outlook"], first["finding"], first["loopStopped"]
        assert told == ("Bucket", None, "looping", "COSI106", False)
        server.drop("Bucket")
        gone = json.loads(line_of(process.stdout))
        assert (gone["name"], gone["was"], gone["outlook"]) == (first["name"], "looping", "gone")
        assert (gone["wasFinding"], gone["loopStopped"]) == ("COSI106", True)


def test_a_loop_that_stopped_is_told_as_such(tmp_path: Path) -> None:
    with ApiServer(objects(), at=NOON) as server, diagnosing(server, tmp_path) as process:
        assert "looping COSI106" in line_of(process.stdout)
        bucket = next(item for item in objects() if item["kind"] == "Bucket")
        del bucket["metadata"]["resourceVersion"]
        server.change({**bucket, "status": {"bucketReady": True, "bucketID": "b"}})
        assert "ready (was looping, its loop stopped): Bucket/" in line_of(process.stdout)


def test_a_view_says_that_no_news_come(tmp_path: Path) -> None:
    with ApiServer(objects(), at=NOON) as server, in_front_of(server) as proxy:
        env = {"KUBECONFIG": str(through(proxy, server, tmp_path)), "PYTHONUNBUFFERED": "1"}
        with terminal("diagnose", "-w", columns=80, env=env) as (process, read):
            while "looping" not in read():
                assert process.poll() is None
            proxy.cut()
            while "no news since then" not in read():
                assert process.poll() is None
            proxy.mend()
            while "no news" in read():
                assert process.poll() is None


def test_diagnose_stays_on_a_terminal(tmp_path: Path) -> None:
    with ApiServer(objects(), at=NOON) as server:
        env = {"KUBECONFIG": str(server.kubeconfig(tmp_path)), "PYTHONUNBUFFERED": "1"}
        with terminal("diagnose", "-w", columns=80, env=env) as (process, read):
            while "looping" not in (seen := read()):
                assert process.poll() is None
            assert "\x1b[H\x1b[J" in seen
            process.send_signal(signal.SIGINT)
            assert process.wait(TIMEOUT_SECONDS) == 130


def test_what_may_not_be_read_is_asked_for_again_with_pauses(tmp_path: Path) -> None:
    with (
        ApiServer(objects(), at=NOON, forbidden=["pods"]) as server,
        watching(server, tmp_path, "claims", "--no-headers") as process,
    ):
        assert line_of(process.stdout).startswith("photos")
        for number in range(20):
            server.change(claim(number))
            assert line_of(process.stdout).startswith(f"c{number}")
        assert 1 < server.count("pods") < 20
