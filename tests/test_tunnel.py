"""The way into a Pod: real ``socat`` and ``nc`` processes behind the sandbox's exec, over a WebSocket."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.cluster.connect import Connection, ConnectOptions, connect
from cosictl.cluster.pod_exec import run, start
from cosictl.cluster.pod_socket import Place, PodSocket, find_socket
from cosictl.cluster.pods import Reach, Tool
from cosictl.cluster.tunnel import Tunnel
from cosictl.driver.channel import Channel
from cosictl.driver.endpoint import Endpoint, parse_endpoint
from cosictl.driver.identify import who_is
from cosictl.driver.methods import planned
from cosictl.driver.preflight import check_endpoint
from cosictl.driver.requests import BucketRequest
from cosictl.errors import ClusterError, CosictlError, EndpointError, NotFoundError, TimedOutError
from cosictl.model.refs import Api
from cosictl.sandbox.run import Sandbox
from tests.cli_process import cosictl, needs_socat
from tests.live_sandbox import live

NAMESPACE: Final = "cosi-driver"
POD: Final = "cosi-example-com-0"
SIDECAR: Final = "objectstorage-provisioner-sidecar"
SOCKET: Final = "/var/lib/cosi/cosi.sock"
LONG: Final = 20.0
MIB: Final = 1024 * 1024
V1: Final = Api.V1ALPHA1

needs_nc = pytest.mark.skipif(shutil.which("nc") is None, reason="nc is not installed here")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with live(tmp_path, "healthy") as running:
        yield running


@pytest.fixture
def reach(sandbox: Sandbox) -> Reach:
    return Reach(conn=connection(sandbox), namespace=NAMESPACE, pod=POD, timeout=LONG)


def connection(sandbox: Sandbox, token: str = "") -> Connection:
    return connect(ConnectOptions(kubeconfig=str(sandbox.kubeconfig), token=token))


@contextmanager
def dialled(reach: Reach, tool: Tool, folder: Path) -> Iterator[tuple[Tunnel, Channel]]:
    folder.mkdir(exist_ok=True)
    path = folder / "t.sock"
    with Tunnel(path, lambda: reach.start(tool)) as way, Channel(parse_endpoint(str(path))) as channel:
        yield way, channel


def tool_of(reach: Reach) -> Tool:
    found = reach.find_tool(find_socket(reach.read()))
    assert found is not None
    return found


def create(channel: Channel, name: str, blob: str = "") -> Any:
    call = planned(V1, "DriverCreateBucket", BucketRequest(key=name, parameters={"blob": blob} if blob else {}))
    return channel.call(call.path, call.content, timeout=LONG)


@needs_socat
def test_socat_is_found_and_used(reach: Reach, tmp_path: Path) -> None:
    tool = tool_of(reach)
    assert tool.place == Place(container="driver", path=SOCKET)
    assert tool.words[0] == "socat"
    with dialled(reach, tool, tmp_path / "t") as (way, channel):
        assert way.path.stat().st_mode & 0o777 == 0o600
        assert who_is(channel, timeout=LONG).name == "cosi.example.com"
    assert not way.path.exists()


@needs_nc
def test_nc_is_used_where_there_is_no_socat(sandbox: Sandbox, reach: Reach, tmp_path: Path) -> None:
    sandbox.pods.programs = {"driver": ("nc",)}
    tool = tool_of(reach)
    assert tool.words == ("nc", "-U", SOCKET)
    with dialled(reach, tool, tmp_path / "t") as (_, channel):
        assert who_is(channel, timeout=LONG).name == "cosi.example.com"


@needs_socat
def test_two_hundred_calls_over_eight_streams(sandbox: Sandbox, reach: Reach, tmp_path: Path) -> None:
    tool = tool_of(reach)
    folder = tmp_path / "t"
    folder.mkdir()
    with Tunnel(folder / "t.sock", lambda: reach.start(tool)) as way:

        def calls(stream: int) -> list[bool]:
            with Channel(parse_endpoint(str(way.path))) as channel:
                return [create(channel, f"s{stream}-{number:02}").ok for number in range(25)]

        with futures.ThreadPoolExecutor(8) as pool:
            answers = [ok for stream in pool.map(calls, range(8)) for ok in stream]
    assert answers == [True] * 200
    made = set(sandbox.backends["cosi.example.com"].buckets)
    assert {f"s{stream}-{number:02}" for stream in range(8) for number in range(25)} <= made


@needs_socat
def test_a_message_of_four_mebibytes(sandbox: Sandbox, reach: Reach, tmp_path: Path) -> None:
    blob = "x" * 4 * MIB
    with dialled(reach, tool_of(reach), tmp_path / "t") as (_, channel):
        assert create(channel, "large", blob).ok
    assert sandbox.backends["cosi.example.com"].buckets["large"].parameters == {"blob": blob}


@needs_socat
def test_the_process_killed_in_the_middle(reach: Reach, tmp_path: Path) -> None:
    with dialled(reach, tool_of(reach), tmp_path / "t") as (way, channel):
        assert who_is(channel, timeout=LONG).infos
        call = planned(V1, "DriverCreateBucket", BucketRequest(key="slow", parameters={"delay": "100000"}))
        running = channel.start(call.path, call.content, timeout=LONG)
        kill_socat()
        answer = running.wait()
        assert (answer.ok, answer.from_driver, answer.expired) == (False, False, False)
        # The next call is a connection of its own, and works.
        assert who_is(channel, timeout=LONG).infos
    assert "exit code 137" in way.trouble


def kill_socat() -> None:
    """Kill the processes that were started for the Pod."""
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "socat -t 30 - UNIX-CONNECT"],
        capture_output=True,
        text=True,
        check=False,
    )
    numbers = [int(word) for word in found.stdout.split()]
    assert numbers
    for number in numbers:
        os.kill(number, signal.SIGKILL)


@needs_socat
def test_the_end_of_the_input_is_passed_on(reach: Reach, tmp_path: Path) -> None:
    """An echo that answers only when everything has been said: half of the connection closes, the other goes on."""
    place = tmp_path / "e.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()

        def echo() -> None:
            peer, _ = listener.accept()
            with peer:
                heard = b""
                while more := peer.recv(65536):
                    heard += more
                peer.sendall(heard[::-1])

        thread = threading.Thread(target=echo, daemon=True)
        thread.start()
        tool = Tool(
            place=Place(container="driver", path=str(place)), words=("socat", "-t", "30", "-", f"UNIX-CONNECT:{place}")
        )
        with Tunnel(tmp_path / "t.sock", lambda: reach.start(tool)) as way, socket.socket(socket.AF_UNIX) as near:
            near.settimeout(LONG)
            near.connect(str(way.path))
            near.sendall(b"abc" * 100_000)
            near.shutdown(socket.SHUT_WR)
            back = b""
            while more := near.recv(65536):
                back += more
        thread.join(LONG)
    assert back == b"cba" * 100_000


def test_a_pod_without_a_tool_is_said_so(sandbox: Sandbox, reach: Reach) -> None:
    sandbox.pods.programs = {}
    assert reach.find_tool(find_socket(reach.read())) is None
    asked = cosictl(
        *("probe-driver", "info", "--pod", f"{NAMESPACE}/{POD}", "--kubeconfig", str(sandbox.kubeconfig), "--count=3")
    )
    assert (asked.returncode, asked.stdout) == (1, "")
    assert f"({SIDECAR}, driver) has socat or nc -U" in asked.stderr
    # What to type instead is whole, and without the options that only make sense out here.
    assert (
        f"kubectl debug -n {NAMESPACE} {POD} -it --image=IMAGE "
        """--custom=<(echo '{"volumeMounts": [{"name": "socket", "mountPath": "/cosi"}]}') """
        "-- cosictl probe-driver info --count=3 --endpoint unix:///cosi/cosi.sock"
    ) in asked.stderr


@needs_socat
def test_a_container_is_added_where_an_image_is_given(sandbox: Sandbox, reach: Reach, tmp_path: Path) -> None:
    sandbox.pods.programs = {}
    asked = cosictl(
        *("probe-driver", "info", "--pod", f"{NAMESPACE}/{POD}", "--kubeconfig", str(sandbox.kubeconfig)),
        *("--debug-image", "example.com/tools", "--no-cluster"),
    )
    assert asked.returncode == 0, asked.stderr
    assert (
        f"at              {NAMESPACE}/{POD}:/cosi/cosi.sock (through socat in container cosictl-probe-" in asked.stdout
    )
    assert "stays listed in the pod: Kubernetes cannot remove it" in asked.stderr
    (added,) = reach.read()["spec"]["ephemeralContainers"]
    assert added["image"] == "example.com/tools"
    assert added["command"] == ["sleep", "1800"]
    assert added["volumeMounts"] == [{"name": "socket", "mountPath": "/cosi"}]
    del tmp_path


def test_an_image_that_cannot_be_pulled_is_said(sandbox: Sandbox, reach: Reach) -> None:
    del sandbox
    with pytest.raises(ClusterError, match="cannot start: failed to pull"):
        reach.add_container(find_socket(reach.read()), "example.com/missing", wait=LONG)


def test_a_container_that_never_runs_is_waited_for_in_vain(sandbox: Sandbox, reach: Reach) -> None:
    del sandbox
    waits: list[float] = []
    with pytest.raises(TimedOutError, match="does not run after 0 s"):
        reach.add_container(PodSocket(places=(), volume="v"), "example.com/slow", wait=0.0, sleep=waits.append)


@pytest.mark.parametrize(
    ("fault", "options", "words"),
    [
        ("403:get:pods/exec", (), ("pods/exec", "can-i create pods/exec -n cosi-driver")),
        ("403:get:pods", (), ("it takes the verb get on pods",)),
        (
            "403:patch:pods/ephemeralcontainers",
            ("--debug-image", "x"),
            ("it takes the verb patch on pods/ephemeralcontainers",),
        ),
    ],
)
def test_missing_rights_are_named(fault: str, options: tuple[str, ...], words: tuple[str, ...], tmp_path: Path) -> None:
    with live(tmp_path, "healthy", faults=[fault]) as running:
        running.pods.programs = {}
        asked = cosictl(
            *("probe-driver", "info", "--pod", f"{NAMESPACE}/{POD}", "--kubeconfig", str(running.kubeconfig)), *options
        )
    assert (asked.returncode, asked.stdout) == (1, "")
    assert len(asked.stderr.splitlines()) == 1
    for word in words:
        assert word in asked.stderr


def test_a_pod_that_is_not_there(sandbox: Sandbox) -> None:
    with pytest.raises(NotFoundError, match='pods "nope" not found'):
        Reach(conn=connection(sandbox), namespace=NAMESPACE, pod="nope", timeout=LONG).read()
    with pytest.raises(CosictlError, match="nope"):
        run(connection(sandbox), NAMESPACE, "nope", "driver", ("true",), timeout=LONG)


def test_commands_tell_how_they_ended(sandbox: Sandbox) -> None:
    conn = connection(sandbox)

    def ended(*words: str, container: str = "driver") -> Any:
        return run(conn, NAMESPACE, POD, container, words, timeout=LONG)

    assert (ended("echo", "hi").ok, ended("echo", "hi").out) == (True, b"hi\n")
    assert (ended("false").code, ended("false").ok) == (1, False)
    gone = ended("nothing")
    assert (gone.code, gone.ok) == (None, False)
    assert "executable file not found" in gone.words
    assert "executable file not found" in ended("socat", "-V", container=SIDECAR).words


@needs_socat
def test_a_driver_that_is_gone_in_the_pod(sandbox: Sandbox, reach: Reach, tmp_path: Path) -> None:
    tool = Tool(
        place=Place(container="driver", path="/none.sock"),
        words=("socat", "-t", "30", "-", "UNIX-CONNECT:/none.sock"),
    )
    del sandbox
    with Tunnel(tmp_path / "t.sock", lambda: reach.start(tool)) as way:
        with pytest.raises(EndpointError, match="is closed at once"):
            check_endpoint(Endpoint(path=str(way.path)), timeout=LONG)
        assert "No such file or directory" in way.trouble


@needs_socat
def test_input_can_be_closed_and_output_read_to_its_end(sandbox: Sandbox) -> None:
    command = start(connection(sandbox), NAMESPACE, POD, "driver", ("socat", "-", "EXEC:cat"), timeout=LONG, stdin=True)
    assert command.can_close_input
    command.write(b"x" * 100_000)
    command.close_input()
    out = b""
    while more := command.read():
        out += more
    command.close()
    assert (out, command.ended().ok) == (b"x" * 100_000, True)


@needs_socat
def test_a_connection_that_is_looked_into_and_dropped_is_no_trouble(reach: Reach, tmp_path: Path) -> None:
    """What precedes the first call: a look at what speaks there, that leaves bytes unread."""
    with dialled(reach, tool_of(reach), tmp_path / "t") as (way, channel):
        check_endpoint(Endpoint(path=str(way.path)), timeout=LONG)
        assert who_is(channel, timeout=LONG).name == "cosi.example.com"
        assert way.trouble == ""


def test_who_reads_a_command_that_is_hung_up_on_comes_to_the_end(sandbox: Sandbox) -> None:
    command = start(connection(sandbox), NAMESPACE, POD, "driver", ("sleep", "600"), timeout=LONG, stdin=True)
    with futures.ThreadPoolExecutor() as pool:
        heard = pool.submit(command.read)
        command.hang_up()
        assert (heard.result(LONG), command.ended().ok) == (b"", False)
    command.close()
