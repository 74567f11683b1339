"""What goes over the wire to an API server, and what becomes of it when the wire or the server is at fault."""

import gzip
import inspect
import select
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3
import urllib3.exceptions as u3

from cosictl.cluster.connect import MOST_CONNECTIONS
from cosictl.cluster.noanswer import NEVER_SENT, NoAnswerError, Trouble
from cosictl.cluster.plainconfig import Settings
from cosictl.cluster.pooled import PoolTransport, no_answer
from cosictl.cluster.transport import PlainTransport, TlsSocket, Transport, is_plain
from cosictl.sandbox.api.certificate import Certificate, self_signed
from tests.scripted_server import HANG, HANG_UP, ScriptedServer

Make = Callable[[str, Settings], Transport]
WAIT = 20.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
PACKED = gzip.compress(b"x" * 3000)


def plainly(host: str, settings: Settings) -> Transport:
    return PlainTransport(host, settings, MOST_CONNECTIONS)


def pooled(host: str, settings: Settings) -> Transport:
    trust: dict[str, Any] = (
        {"ca_certs": settings.ssl_ca_cert, "cert_reqs": "CERT_REQUIRED"} if settings.ssl_ca_cert else {}
    )
    proof: dict[str, Any] = (
        {"cert_file": settings.cert_file, "key_file": settings.key_file} if settings.cert_file else {}
    )
    return PoolTransport(urllib3.PoolManager(**{**trust, **proof}), host)


both = pytest.mark.parametrize("make", [plainly, pooled])


def head(length: int, *more: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % length, *more, b"", b""])


def ask(
    transport: Transport, path: str = "/x", *, body: bytes | None = None, live: bool = False, read: float = WAIT
) -> bytes:
    answer = transport.send("POST" if body else "GET", path, [("Accept", "*/*")], body, connect=WAIT, read=read)
    try:
        return b"".join(answer.pieces(live=live))
    finally:
        answer.close()


@both
@pytest.mark.parametrize("live", [False, True], ids=["whole", "live"])
@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"{}"),
        (CHUNKED, b"{}"),
        (head(0), b""),
        (head(len(PACKED), b"Content-Encoding: gzip") + PACKED, b"x" * 3000),
        (head(600_000) + b"y" * 600_000, b"y" * 600_000),
    ],
    ids=["sized", "chunked", "empty", "packed", "long"],
)
def test_a_body_is_read_whole_and_its_connection_used_again(make: Make, live: bool, answer: bytes, body: bytes) -> None:  # noqa: FBT001
    with ScriptedServer([answer, answer, OK]) as server:
        transport = make(server.url, Settings(host=server.url))
        assert [ask(transport, live=live), ask(transport, live=live), ask(transport)] == [body, body, b"{}"]
        assert (server.connections, len(server.requests)) == (1, 3)


@both
def test_a_connection_that_was_closed_meanwhile_is_not_used(make: Make) -> None:
    with ScriptedServer([OK, OK, OK], closes=True) as server:
        transport = make(server.url, Settings(host=server.url))
        assert ask(transport) == b"{}"
        for thread in server._threads[1:]:  # noqa: SLF001 - the first connection has ended when its thread has
            thread.join(WAIT)
        assert ask(transport) == b"{}"
        assert server.connections == 2


@both
def test_a_connection_of_which_not_all_was_read_is_not_used_again(make: Make) -> None:
    with ScriptedServer([head(600_000) + b"y" * 600_000, OK]) as server:
        transport = make(server.url, Settings(host=server.url))
        answer = transport.send("GET", "/x", [], None, connect=WAIT, read=WAIT)
        assert next(answer.pieces(live=True))
        answer.close()
        assert ask(transport) == b"{}"
        assert server.connections == 2


@both
@pytest.mark.parametrize("live", [False, True], ids=["whole", "live"])
@pytest.mark.parametrize(
    "answer",
    [
        HANG_UP,
        b"nonsense\r\n\r\n",
        head(10) + b"only5",
        CHUNKED[:-12],
        head(len(PACKED) - 9, b"Content-Encoding: gzip") + PACKED[:-9],
        head(9, b"Content-Encoding: gzip") + b"no gzip!!",
    ],
    ids=["hung up", "no HTTP", "short", "short chunks", "short gzip", "bad gzip"],
)
def test_an_answer_that_is_not_whole_is_told(make: Make, live: bool, answer: bytes) -> None:  # noqa: FBT001
    if make is pooled and answer.endswith(PACKED[:-9]):
        pytest.skip("urllib3 does not say that a packed answer ends early")
    with ScriptedServer([answer], closes=True) as server, pytest.raises(NoAnswerError) as told:
        ask(make(server.url, Settings(host=server.url)), live=live)
    assert told.value.trouble is Trouble.BROKEN
    assert "\n" not in told.value.words


@both
def test_no_answer_in_time_is_told(make: Make) -> None:
    with ScriptedServer([HANG]) as server, pytest.raises(NoAnswerError, match="in time") as told:
        ask(make(server.url, Settings(host=server.url)), read=0.2)
    assert told.value.trouble is Trouble.SLOW_ANSWER


@both
def test_a_server_that_is_not_there_is_told(make: Make) -> None:
    with ScriptedServer([]) as server:
        url = server.url
    with pytest.raises(NoAnswerError, match="refused") as told:
        ask(make(url, Settings(host=url)))
    assert told.value.trouble is Trouble.UNREACHED


@both
@pytest.mark.parametrize(
    ("path", "header"), [("/a b", ""), ("/é", ""), ("/x", "secret\r\nX: y"), ("/x", "secret \U0001f600")]
)
def test_what_no_request_may_hold_is_not_sent_and_not_shown(make: Make, path: str, header: str) -> None:
    if make is pooled and not header:
        pytest.skip("urllib3 escapes what no path may hold")
    with ScriptedServer([OK]) as server:
        transport = make(server.url, Settings(host=server.url))
        with pytest.raises(NoAnswerError) as told:
            transport.send("GET", path, [("Authorization", header)], None, connect=WAIT, read=WAIT)
        assert server.requests == []
    assert told.value.trouble in NEVER_SENT
    assert "secret" not in told.value.words


@both
def test_what_is_sent(make: Make) -> None:
    with ScriptedServer([OK]) as server:
        ask(make(f"{server.url}/clusters/a", Settings(host=server.url)), "/api?x=1", body=b"{}")
        (sent,) = server.requests
        lines = sent.split("\r\n")
        assert lines[0] == "POST /clusters/a/api?x=1 HTTP/1.1"
        assert {"Content-Length: 2", f"Host: 127.0.0.1:{server.port}", "Accept: */*"} <= set(lines)


def pem(folder: Path, made: Certificate) -> Settings:
    authority, proof = folder / "ca.pem", folder / "own.pem"
    authority.write_text(made.pem)
    proof.write_text(made.key + made.pem)
    return Settings(host="", ssl_ca_cert=str(authority), cert_file=str(proof), key_file=str(proof))


@both
def test_a_server_is_trusted_by_its_authority_and_by_no_other(make: Make, tmp_path: Path) -> None:
    made = self_signed("127.0.0.1")
    settings = pem(tmp_path, made)
    with ScriptedServer([OK], tls=made.context()) as server:
        assert ask(make(server.url, settings)) == b"{}"
        Path(str(settings.ssl_ca_cert)).write_text(self_signed("127.0.0.1").pem)
        with pytest.raises(NoAnswerError, match="certificate") as told:
            ask(make(server.url, settings))
    assert told.value.trouble is Trouble.UNTRUSTED


def test_a_server_may_be_known_by_another_name_or_not_at_all(tmp_path: Path) -> None:
    made = self_signed("192.0.2.1")
    settings = pem(tmp_path, made)
    with ScriptedServer([OK, OK], tls=made.context()) as server:
        with pytest.raises(NoAnswerError, match="IP address mismatch"):
            ask(plainly(server.url, settings))
        settings.tls_server_name = "localhost"
        assert ask(plainly(server.url, settings)) == b"{}"
        settings.tls_server_name, settings.verify_ssl = None, False
        assert ask(plainly(server.url, settings)) == b"{}"


@both
def test_a_server_that_does_not_take_our_certificate_is_told(make: Make, tmp_path: Path) -> None:
    made = self_signed("127.0.0.1")
    context = made.context()
    context.verify_mode = ssl.CERT_REQUIRED
    with ScriptedServer([OK], tls=context) as server, pytest.raises(NoAnswerError) as told:
        ask(make(server.url, pem(tmp_path, made)))
    assert told.value.trouble in {Trouble.UNTRUSTED, Trouble.BROKEN}
    assert server.requests == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes a client's certificate, is absent")
@both
def test_our_certificate_is_shown(make: Make, tmp_path: Path) -> None:
    key, own = tmp_path / "client.key", tmp_path / "client.pem"
    words = "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=client -days 2"
    subprocess.run(["openssl", *words.split(), "-keyout", key, "-out", own], check=True, capture_output=True)
    made = self_signed("127.0.0.1")
    settings = pem(tmp_path, made)
    settings.cert_file, settings.key_file = str(own), str(key)
    context = made.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(own)
    with ScriptedServer([OK], tls=context) as server:
        assert ask(make(server.url, settings)) == b"{}"


def test_pem_files_that_are_none_are_told(tmp_path: Path) -> None:
    settings = pem(tmp_path, self_signed("127.0.0.1"))
    Path(str(settings.ssl_ca_cert)).write_text("nothing")
    with ScriptedServer([], tls=self_signed("127.0.0.1").context()) as server, pytest.raises(NoAnswerError) as told:
        ask(plainly(server.url, settings))
    assert told.value.trouble is Trouble.UNTRUSTED


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("https://127.0.0.1:6443", True),
        ("http://[::1]:8080/prefix", True),
        ("https://api.example.com", True),
        ("api.example.com:6443", False),
        ("unix:///run/x.sock", False),
        ("https://", False),
        ("https://x:99999", False),
        ("https://x:port", False),
        ("", False),
    ],
)
def test_which_addresses_are_plain(host: str, plain: bool) -> None:  # noqa: FBT001
    assert is_plain(host) is plain


def made_of(kind: type[u3.HTTPError]) -> u3.HTTPError:
    """An error of a kind, whatever its constructor asks for."""
    pool: Any = urllib3.connectionpool.HTTPConnectionPool("127.0.0.1")
    known: dict[str, Any] = {"pool": pool, "conn": pool, "url": "/", "error": OSError("x"), "partial": 1, "expected": 2}
    known |= {
        "response": urllib3.HTTPResponse(b""),
        "length": b"1",
        "location": "/",
        "host": "h",
        "defects": [],
        "unparsed_data": None,
    }
    try:
        wanted = [name for name, one in inspect.signature(kind).parameters.items() if one.kind < one.VAR_POSITIONAL]
    except ValueError:
        wanted = []
    return kind(*[known.get(name, "words") for name in wanted]) if wanted else kind("words")


def kinds(kind: type[u3.HTTPError]) -> list[type[u3.HTTPError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in kinds(below))]


@pytest.mark.parametrize("kind", sorted(set(kinds(u3.HTTPError)), key=str), ids=lambda kind: kind.__name__)
def test_every_error_of_the_pool_is_in_our_words(kind: type[u3.HTTPError]) -> None:
    told = no_answer(made_of(kind))
    assert told.words
    if told.trouble in NEVER_SENT:
        sure = (u3.SSLError, u3.NewConnectionError, u3.ConnectTimeoutError, u3.ProxyError, u3.LocationValueError)
        assert issubclass(kind, sure)


def test_a_socket_that_the_server_reset_before_tls_began_is_closed() -> None:
    """A server that goes down does so; what is left open is a warning, and here an error."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = TlsSocket
    with socket.create_server(("127.0.0.1", 0)) as listener:
        plain = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
        other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        other.close()
        select.select([plain], [], [])
        with pytest.raises(ConnectionResetError):
            context.wrap_socket(plain, server_hostname="localhost")
