"""Where a driver is, in every spelling; and each way a socket can be bad, told apart on real ones."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cosictl.driver.endpoint import Endpoint, parse_endpoint
from cosictl.driver.preflight import check_endpoint, judge_first_bytes
from cosictl.driver.tls import Tls
from cosictl.driver.trouble import Trouble
from cosictl.errors import CosictlError, Exit, UsageError
from cosictl.sandbox.api.certificate import self_signed
from tests.cli_process import ROOT, environment
from tests.drivers import correct, serving

QUICK = 2.0
HANGING = 0.3


@pytest.mark.parametrize(
    ("text", "endpoint", "target"),
    [
        ("unix:///var/lib/cosi/cosi.sock", Endpoint(path="/var/lib/cosi/cosi.sock"), "unix:/var/lib/cosi/cosi.sock"),
        ("unix:/a.sock", Endpoint(path="/a.sock"), "unix:/a.sock"),
        ("unix:a.sock", Endpoint(path="a.sock"), "unix:a.sock"),
        ("unix://a/b", Endpoint(path="a/b"), "unix:a/b"),
        ("/a", Endpoint(path="/a"), "unix:/a"),
        ("./a", Endpoint(path="./a"), "unix:./a"),
        ("cosi.sock", Endpoint(path="cosi.sock"), "unix:cosi.sock"),
        ("tcp://driver:9000", Endpoint(host="driver", port=9000), "dns:///driver:9000"),
        ("dns:///driver.ns.svc:9000", Endpoint(host="driver.ns.svc", port=9000), "dns:///driver.ns.svc:9000"),
        ("dns://1.1.1.1/driver:1", Endpoint(host="driver", port=1), "dns:///driver:1"),
        ("127.0.0.1:9000", Endpoint(host="127.0.0.1", port=9000), "dns:///127.0.0.1:9000"),
        ("ipv4:127.0.0.1:1", Endpoint(host="127.0.0.1", port=1), "dns:///127.0.0.1:1"),
        ("tcp://[::1]:9000", Endpoint(host="::1", port=9000), "dns:///[::1]:9000"),
    ],
)
def test_endpoints_are_read_in_every_spelling(text: str, endpoint: Endpoint, target: str) -> None:
    assert parse_endpoint(text) == endpoint
    assert endpoint.target == target
    assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a\0b", "NUL"),
        ("unix://", "names no path"),
        ("driver", "is no endpoint"),
        ("tcp://driver", "is no endpoint"),
        ("tcp://driver:0", "is no endpoint"),
        ("tcp://driver:70000", "is no endpoint"),
        ("http://driver:80", "speaks gRPC"),
        ("/" + "x" * 120, "107 bytes, this one has 121"),
    ],
)
def test_what_is_no_endpoint_is_said(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_endpoint(text)


@pytest.mark.parametrize(
    ("head", "trouble"),
    [
        (b"\x00\x00\x06\x04\x00\x00\x00\x00\x00", None),
        (b"", Trouble.CLOSED),
        (b"HTTP/1.1 ", Trouble.HTTP1),
        (b"\x15\x03\x01\x00\x02", Trouble.PLAIN),
        (b"\x16\x03\x03\x00\x05aaaa", Trouble.PLAIN),
        (b"SSH-2.0-O", Trouble.NOT_HTTP2),
        (b"\x00\x00\x06", Trouble.NOT_HTTP2),
        (b"\x00\x00\x06\x01\x00\x00\x00\x00\x00", Trouble.NOT_HTTP2),
        (b"\x00\x00\x06\x04\x00\x00\x00\x00\x01", Trouble.NOT_HTTP2),
    ],
)
def test_the_first_bytes_tell_what_speaks_there(head: bytes, trouble: Trouble | None) -> None:
    assert judge_first_bytes(head) is trouble


def slug(endpoint: str, timeout: float = QUICK, tls: Tls | None = None) -> str:
    """What the first look at an endpoint finds."""
    with pytest.raises(CosictlError) as found:
        check_endpoint(parse_endpoint(endpoint), timeout=timeout, tls=tls)
    error = found.value
    assert error.what
    assert error.meaning
    assert error.next_step
    assert error.exit_code == (Exit.TIMEOUT if error.slug.endswith(("hangs", "timeout")) else Exit.FAILED)
    return error.slug.removeprefix("endpoint-")


def test_no_such_file(tmp_path: Path) -> None:
    assert slug(f"{tmp_path}/none.sock") == Trouble.MISSING
    assert slug(f"{tmp_path}/no/such/folder.sock") == Trouble.MISSING


def test_not_a_socket(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert slug(f"{tmp_path}/file") == Trouble.NOT_A_SOCKET
    assert slug(str(tmp_path)) == Trouble.NOT_A_SOCKET


def test_a_socket_of_another_kind(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(f"{tmp_path}/d.sock")
        assert slug(f"{tmp_path}/d.sock") == Trouble.NOT_A_STREAM


def test_stale(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{tmp_path}/s.sock")
    assert slug(f"{tmp_path}/s.sock") == Trouble.STALE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("closed", ["socket", "folder"])
def test_permission(closed: str, tmp_path: Path) -> None:
    folder = tmp_path / "cosi"
    folder.mkdir()
    for parent in (folder, *folder.parents):
        parent.chmod(parent.stat().st_mode | 0o055)
    with serving(folder, correct()) as path:
        path.chmod(0o600)
        if closed == "folder":
            folder.chmod(0o700)
        code = (
            "import os, sys; from cosictl.driver.preflight import check_endpoint as look\n"
            "from cosictl.driver.endpoint import parse_endpoint\n"
            "os.setgid(65534); os.setuid(65534)\n"
            "try: look(parse_endpoint(sys.argv[1]), timeout=2)\n"
            "except Exception as error: print(error.slug)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == f"endpoint-{Trouble.PERMISSION}\n"


@contextmanager
def answering(answer: Callable[[socket.socket], None], folder: Path) -> Iterator[str]:
    """Serve a unix socket with a function for each connection."""
    path = folder / "x.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield str(path)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def http1(connection: socket.socket) -> None:
    connection.recv(1024)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def ssh(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.recv(1024)


def goodbye(connection: socket.socket) -> None:
    del connection


def tls_alert(connection: socket.socket) -> None:
    connection.recv(1024)
    connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46")


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [(http1, Trouble.HTTP1), (ssh, Trouble.NOT_HTTP2), (goodbye, Trouble.CLOSED), (tls_alert, Trouble.PLAIN)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_what_speaks_no_grpc(answer: Callable[[socket.socket], None], trouble: Trouble, tmp_path: Path) -> None:
    with answering(answer, tmp_path) as path:
        assert slug(path) == trouble


def test_what_connects_and_hangs(tmp_path: Path) -> None:
    done = threading.Event()

    def silent(connection: socket.socket) -> None:
        connection.recv(1024)
        done.wait(20)

    with answering(silent, tmp_path) as path:
        assert slug(path, HANGING) == Trouble.HANGS
        done.set()


def test_what_takes_no_connection(tmp_path: Path) -> None:
    path = tmp_path / "full.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(path))
        listener.listen(0)
        first.connect(str(path))
        assert slug(str(path), HANGING) == Trouble.NO_CONNECTION


def test_nobody_at_a_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert slug(f"tcp://127.0.0.1:{free.getsockname()[1]}") == Trouble.REFUSED


def test_a_driver_is_let_through(tmp_path: Path) -> None:
    with serving(tmp_path, correct()) as path:
        check_endpoint(parse_endpoint(str(path)), timeout=QUICK)


def test_tls_where_none_is_spoken(tmp_path: Path) -> None:
    with serving(tmp_path, correct()) as path:
        assert slug(str(path), tls=Tls()) in {Trouble.TLS, Trouble.CLOSED}


def test_a_certificate_file_that_is_none(tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("nothing")
    for tls in (Tls(authority=str(bad)), Tls(authority=f"{tmp_path}/none"), Tls(certificate=str(bad), key=str(bad))):
        with pytest.raises(UsageError, match="cannot be used"):
            check_endpoint(Endpoint(host="127.0.0.1", port=1), timeout=QUICK, tls=tls)


def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    del tmp_path
    context = self_signed("127.0.0.1").context()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert slug(f"tcp://127.0.0.1:{listener.getsockname()[1]}", tls=Tls()) == Trouble.TLS
        thread.join()
