"""Logs of Pods and commands in their containers, as the official client asks for them."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

from cosictl.model.refs import Api
from cosictl.sandbox.backend import Call
from cosictl.sandbox.pod_logs import Named, Wanted, driver_log, runs_of, sidecar_log, text_of, wanted
from cosictl.sandbox.ports import ApiError
from tests.live_sandbox import live

NAMESPACE: Final = "cosi-driver"
POD: Final = "cosi-example-com-0"
SIDECAR: Final = "objectstorage-provisioner-sidecar"
SOCKET: Final = "/var/lib/cosi/cosi.sock"
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALLS: Final = (
    Call(1.0, "DriverCreateBucket", "good", "OK"),
    Call(2.0, "DriverCreateBucket", "bad", "InvalidArgument", "no such region"),
    Call(3.0, "DriverCreateBucket", "taken", "AlreadyExists", "not yours"),
)
# The beginning of every HTTP/2 connection, and an empty SETTINGS frame, which a server answers with its own.
PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with live(tmp_path_factory.mktemp("pods"), "cosi-86") as sandbox:
        api = config.new_client_from_config(str(sandbox.kubeconfig))
        with api:
            yield client.CoreV1Api(api)


def run(core: Any, *command: str, container: str = "driver", stdin: bytes = b"") -> tuple[bytes, Any]:
    """Run a command; return what it wrote, and the status that the server ended with."""
    connection = stream(
        core.connect_get_namespaced_pod_exec,
        POD,
        NAMESPACE,
        container=container,
        command=list(command),
        stdin=bool(stdin),
        stdout=True,
        stderr=True,
        tty=False,
        binary=True,
        _preload_content=False,
    )
    written = b""
    if stdin:
        connection.write_stdin(stdin)
        while not written and connection.is_open():
            connection.update(timeout=5)
            written += connection.read_stdout() if connection.peek_stdout() else b""
    else:
        connection.run_forever(timeout=20)
    # read_all forgets all channels, that of the status among them.
    status = connection.read_channel(3)
    written = written or connection.read_all()
    connection.close()
    # The client leaves the connection open where the server ended it first.
    connection.sock.shutdown()
    return written, json.loads(status) if status else None


def test_the_driver_logs_every_call(core: Any) -> None:
    text = core.read_namespaced_pod_log(POD, NAMESPACE, container="driver")
    calls = [json.loads(line) for line in text.splitlines()]
    assert {call["method"] for call in calls} == {"DriverCreateBucket", "DriverGrantBucketAccess"}
    refused = [call for call in calls if call["code"] == "InvalidArgument"]
    assert len(refused) >= 2
    assert len(core.read_namespaced_pod_log(POD, NAMESPACE, container="driver", tail_lines=2).splitlines()) == 2


def test_the_sidecar_says_what_it_works_on(core: Any) -> None:
    text = core.read_namespaced_pod_log(POD, NAMESPACE, container=SIDECAR)
    assert text.count('"Add Bucket"') >= 3


def test_other_containers_are_refused_as_by_a_real_server(core: Any) -> None:
    with pytest.raises(ApiException, match="a container name must be specified for pod") as found:
        core.read_namespaced_pod_log(POD, NAMESPACE)
    assert found.value.status == 400
    with pytest.raises(ApiException, match="container moon is not valid for pod"):
        core.read_namespaced_pod_log(POD, NAMESPACE, container="moon")
    with pytest.raises(ApiException, match="previous terminated container") as missing:
        core.read_namespaced_pod_log(POD, NAMESPACE, container="driver", previous=True)
    assert missing.value.status == 400
    with pytest.raises(ApiException, match="previous terminated container"):
        core.read_namespaced_pod_log(POD, NAMESPACE, container=SIDECAR, previous=True)


def test_a_command_runs_and_its_end_is_told(core: Any) -> None:
    assert run(core, "echo", "hello", "there") == (b"hello there\n", {"metadata": {}, "status": "Success"})
    written, status = run(core, "test", "-S", SOCKET)
    assert (written, status["status"]) == (b"", "Success")
    written, status = run(core, "test", "-S", "/moon")
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "1"}]


@pytest.mark.parametrize("command", ["sh", "rm", "no-such-program"])
def test_programs_that_could_change_something_are_not_there(core: Any, command: str) -> None:
    _, status = run(core, command, "-c", "true")
    assert f'exec: "{command}": executable file not found in $PATH' in status["message"]


@pytest.mark.skipif(shutil.which("socat") is None, reason="needs socat")
def test_the_drivers_socket_is_reached_through_socat(core: Any) -> None:
    written, _ = run(core, "socat", "-", f"UNIX-CONNECT:{SOCKET}", stdin=PREFACE)
    # A SETTINGS frame: three bytes of length, then its type, 4.
    assert written[3] == 4


def test_logs_are_cut_and_stamped_as_asked() -> None:
    lines = list(driver_log(CALLS, START))
    assert text_of(lines, Wanted()).count(b"\n") == 3
    assert text_of(lines, Wanted(tail=1)).count(b"\n") == 1
    assert text_of(lines, Wanted(tail=0)) == b""
    assert text_of(lines, Wanted(since=START + timedelta(seconds=2))).count(b"\n") == 2
    assert text_of(lines, Wanted(limit_bytes=5)) == text_of(lines, Wanted())[:5]
    assert text_of(lines, Wanted(tail=1, timestamps=True)).startswith(b"2026-03-01T12:00:03.000000000Z {")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, Wanted()),
        ({"follow": "false"}, Wanted()),
        ({"tailLines": "5", "timestamps": "true"}, Wanted(tail=5, timestamps=True)),
        ({"sinceSeconds": "60"}, Wanted(since=START - timedelta(seconds=60))),
        ({"sinceTime": "2026-03-01T11:00:00Z"}, Wanted(since=START - timedelta(hours=1))),
        ({"limitBytes": "9"}, Wanted(limit_bytes=9)),
        ({"previous": "true"}, Wanted(previous=True)),
    ],
    ids=str,
)
def test_parameters_are_read(query: dict[str, str], expected: Wanted) -> None:
    assert wanted(query.items(), START) == expected


@pytest.mark.parametrize(("query", "code"), [({"tailLines": "many"}, 400), ({"follow": "true"}, 501)], ids=str)
def test_parameters_that_cannot_be_followed_are_refused(query: dict[str, str], code: int) -> None:
    with pytest.raises(ApiError) as found:
        wanted(query.items(), START)
    assert found.value.code == code


def test_a_sidecar_of_each_generation_writes_its_own_lines() -> None:
    old = [line.text for line in sidecar_log(CALLS, START, Api.V1ALPHA1)]
    assert len(old) == 4
    assert "driverCreateBucket returned a nil response" in old[-1]
    new = [line.text for line in sidecar_log(CALLS, START, Api.V1ALPHA2)]
    assert len(new) == 4
    assert "rpc error: code = InvalidArgument desc = no such region" in new[0]


ACCOUNTS: Final = {"ba-1": Named(name="writer", namespace="team-a", claim="photos", class_name="taken")}
GRANTS: Final = (
    Call(1.0, "DriverCreateBucket", "good", "OK"),
    Call(2.0, "DriverGrantBucketAccess", "ba-1", "AlreadyExists", "user exists"),
    Call(9.0, "DriverGrantBucketAccess", "ba-1", "AlreadyExists", "user exists"),
)


def test_an_access_is_named_as_in_the_recording_and_its_death_ends_the_log() -> None:
    lines = [line.text for line in sidecar_log(GRANTS[:2], START, Api.V1ALPHA1, ACCOUNTS)]
    assert lines[1].endswith('bucketaccess_controller.go:83] "Add BucketAccess" name="writer" bucketClaim="photos"')
    assert lines[2].endswith('"Add BucketAccess" name="writer" BucketAccessClassName="taken"')
    assert lines[3] == "panic: runtime error: invalid memory address or nil pointer dereference"
    assert any("bucketaccess.(*BucketAccessListener).Add" in line for line in lines[4:])


def test_calls_are_cut_where_a_v1alpha1_sidecar_dies() -> None:
    assert [len(run) for run in runs_of(GRANTS, Api.V1ALPHA1)] == [2, 1, 0]
    assert [len(run) for run in runs_of(GRANTS, Api.V1ALPHA2)] == [3]


def test_the_driver_says_what_it_says_in_its_log_too() -> None:
    told = [json.loads(line.text) for line in driver_log(CALLS, START)]
    assert [one["message"] for one in told] == ["", "no such region", "not yours"]


def test_a_v1alpha2_sidecar_names_the_access_with_its_namespace() -> None:
    call = Call(1.0, "DriverGrantBucketAccess", "ba-1", "Internal", "no")
    fields = json.loads(next(iter(sidecar_log([call], START, Api.V1ALPHA2, ACCOUNTS))).text.split("\t")[-1])
    assert (fields["controllerKind"], fields["namespace"], fields["name"]) == ("BucketAccess", "team-a", "writer")
