"""Logs of running containers, read from a real server on the loopback: what came, what was cut, what was refused."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.cluster.connect import Connection, ConnectOptions, connect
from cosictl.cluster.pod_logs import BOUND, read_pod_logs
from cosictl.errors import ClusterError
from cosictl.intake.logfold import LogsRead
from cosictl.model.copying import replace
from cosictl.model.failures import GrpcCode
from cosictl.model.logs import LogOrigin, LogTarget, Writer
from cosictl.model.snapshot import ReadOutcome
from cosictl.sandbox.api.faults import parse_fault
from cosictl.sandbox.run import Sandbox
from tests.cli_process import cosictl
from tests.live_sandbox import live
from tests.scripted_server import ScriptedServer

POD: Final = "cosi-example-com-0"
SIDECAR: Final = LogOrigin(
    writer=Writer.SIDECAR, namespace="cosi-driver", pod=POD, container="objectstorage-provisioner-sidecar"
)
DRIVER: Final = replace(SIDECAR, writer=Writer.DRIVER, container="driver")
BOTH: Final = (LogTarget(origin=DRIVER, previous=False), LogTarget(origin=SIDECAR, previous=True))


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with live(tmp_path_factory.mktemp("logs"), "crash") as sandbox:
        yield sandbox


def opened(sandbox: Sandbox, *, timeout: float | None = None) -> Connection:
    return connect(ConnectOptions(kubeconfig=str(sandbox.kubeconfig), request_timeout=timeout))


def read(sandbox: Sandbox, *targets: LogTarget, bound: int = BOUND, timeout: float | None = None) -> LogsRead:
    now = datetime.now(UTC) + timedelta(days=1)
    conn = opened(sandbox, timeout=timeout)
    return read_pod_logs(conn, targets or BOTH, since=None, reference=now, bound=bound, sleep=lambda _: None)


def test_what_ran_before_is_read_too_and_names_what_it_died_over(crashing: Sandbox) -> None:
    got = read(crashing)
    assert got.statuses == ()
    assert {(fold.origin.container, fold.origin.previous) for fold in got.folds} == {
        ("driver", False),
        (SIDECAR.container, False),
        (SIDECAR.container, True),
    }
    deaths = {crash.names.access for fold in got.folds for crash in fold.crashes()}
    assert deaths == {"writer"}
    refused = [t for fold in got.folds for t in fold.traces() if t.code is GrpcCode.ALREADY_EXISTS]
    assert refused[0].attempts >= 2
    assert refused[0].text.endswith("already exists")


def test_a_log_that_is_too_long_loses_its_oldest_lines_and_says_so(crashing: Sandbox) -> None:
    target = LogTarget(origin=DRIVER)
    (whole,) = read(crashing, target).folds
    (fold,) = read(crashing, target, bound=900).folds
    assert 0 < fold.lines < whole.lines
    assert "only its newest" in fold.cut
    assert whole.cut == ""
    newest = max(trace.last for trace in fold.traces() if trace.last is not None)
    assert whole.newest is not None
    assert newest >= whole.newest


def test_lines_longer_than_the_bound_are_said_to_be_lost(crashing: Sandbox) -> None:
    (fold,) = read(crashing, LogTarget(origin=DRIVER), bound=20).folds
    assert "its newest lines were not read" in fold.cut


def test_since_is_asked_of_the_server_for_what_runs_now(crashing: Sandbox) -> None:
    later = datetime.now(UTC) + timedelta(days=300)
    got = read_pod_logs(opened(crashing), BOTH, since=later, reference=later, sleep=lambda _: None)
    assert {fold.origin.previous: bool(fold.lines) for fold in got.folds} == {False: False, True: True}


def test_a_container_that_never_ended_has_no_log_before(crashing: Sandbox) -> None:
    got = read(crashing, LogTarget(origin=DRIVER, previous=True))
    assert [fold.origin.previous for fold in got.folds] == [False]
    assert got.statuses == ()


REFUSALS: Final = {
    "403:get:pods/log": ReadOutcome.FORBIDDEN,
    "404:get:pods/log": ReadOutcome.ABSENT,
    "410:get:pods/log": ReadOutcome.FAILED,
    "503:get:pods/log:wait=0": ReadOutcome.FAILED,
    "truncate:get:pods/log": ReadOutcome.FAILED,
    "reset:get:pods/log": ReadOutcome.FAILED,
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_is_a_value_said_once_for_a_namespace(crashing: Sandbox, fault: str) -> None:
    crashing.sabotage([parse_fault(fault)])
    try:
        got = read(crashing, LogTarget(origin=DRIVER), LogTarget(origin=DRIVER))
    finally:
        crashing.sabotage([])
    (status,) = got.statuses
    assert (status.resource, status.scope, status.outcome) == ("pods/log", "cosi-driver", REFUSALS[fault])
    assert "and 1 more logs there" in status.reason
    assert got.folds == ()


@pytest.mark.parametrize("fault", ["reset:get:pods/log:x2", "truncate:get:pods/log:x2", "503:get:pods/log:x2:wait=0"])
def test_what_breaks_once_is_read_again_and_counted_once(crashing: Sandbox, fault: str) -> None:
    (before,) = read(crashing, LogTarget(origin=DRIVER)).folds
    crashing.sabotage([parse_fault(fault)])
    try:
        # Enough for the log, and not for what two broken answers brought besides.
        (after,) = read(crashing, LogTarget(origin=DRIVER), bound=(before.lines + 2) * 300).folds
    finally:
        crashing.sabotage([])
    assert after.lines == sum(trace.attempts for trace in after.traces()) >= before.lines
    assert after.cut == ""


def test_a_pod_without_a_node_has_no_log_and_that_is_said() -> None:
    with ScriptedServer([b"HTTP/1.1 204 No Content\r\n\r\n"]) as server:
        conn = connect(ConnectOptions(kubeconfig="/nowhere", server=server.url))
        got = read_pod_logs(conn, BOTH[:1], since=None, reference=datetime.now(UTC))
    (status,) = got.statuses
    assert (got.folds, status.outcome) == ((), ReadOutcome.FAILED)
    assert "its Pod runs on no node yet" in status.reason


def test_a_server_that_takes_too_long_is_a_value(crashing: Sandbox) -> None:
    crashing.sabotage([parse_fault("slow:get:pods/log:wait=1")])
    try:
        got = read(crashing, LogTarget(origin=DRIVER), timeout=0.1)
    finally:
        crashing.sabotage([])
    (status,) = got.statuses
    assert (status.outcome, "no answer came in time" in status.reason) == (ReadOutcome.FAILED, True)


def test_credentials_that_are_not_accepted_end_it(crashing: Sandbox) -> None:
    crashing.sabotage([parse_fault("401:get:pods/log")])
    try:
        with pytest.raises(ClusterError, match="does not accept these credentials"):
            read(crashing)
    finally:
        crashing.sabotage([])


def diagnosed(sandbox: Sandbox, *words: str) -> dict[str, Any]:
    done = cosictl("diagnose", *words, "-o", "json", env={"KUBECONFIG": str(sandbox.kubeconfig)})
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_story_of_the_crash_ends_at_the_poison_access(crashing: Sandbox) -> None:
    document = diagnosed(crashing, "--logs", "--previous")
    (finding,) = [one for one in document["findings"] if one["code"] == "COSI406"]
    assert finding["root"] == {"kind": "BucketAccess", "namespace": "team-a", "name": "writer"}
    assert finding["commands"][0] == "cosictl cleanup access/writer -n team-a --even-if-retrying access/writer"
    said = [fact["text"] for fact in finding["evidence"]]
    assert any(text.startswith("driver says AlreadyExists: final; the sidecar dies of it") for text in said)
    done = cosictl(*finding["commands"][0].split()[1:], env={"KUBECONFIG": str(crashing.kubeconfig)})
    assert "deletes the object" in done.stdout
    assert done.returncode == 0


def test_without_the_right_to_logs_the_rest_is_told(crashing: Sandbox) -> None:
    crashing.sabotage([parse_fault("403:get:pods/log")])
    try:
        document = diagnosed(crashing, "--logs", "--previous")
    finally:
        crashing.sabotage([])
    assert {(status["resource"], status["outcome"]) for status in document["unread"]} == {("pods/log", "forbidden")}
    assert document["findings"]


def test_the_timeline_has_what_was_written_and_where(crashing: Sandbox) -> None:
    env = {"KUBECONFIG": str(crashing.kubeconfig)}
    done = cosictl("events", "access/writer", "-n", "team-a", "--logs", "--previous", "--no-trunc", env=env)
    assert done.returncode == 0
    assert "rpc error: code = AlreadyExists desc = user ba-" in done.stdout
    assert f"container driver of pod cosi-driver/{POD}" in done.stdout
    assert "panic: runtime error: invalid memory address" in done.stdout


def test_a_log_is_read_beside_a_cluster_too(crashing: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "old.log").write_text('{"method": "DriverCreateBucket", "key": "b-gone", "code": "Internal"}\n')
    env = {"KUBECONFIG": str(crashing.kubeconfig)}
    done = cosictl("events", "-A", "--log-file", str(tmp_path / "old.log"), "--no-trunc", env=env)
    assert "Bucket/b-gone" in done.stdout
