"""What a driver really said, told apart from what gRPC says about it: over real sockets, and over TLS."""

import socket
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest

from cosictl.driver.channel import Channel
from cosictl.driver.endpoint import Endpoint, parse_endpoint
from cosictl.driver.identify import identify, name_problems, who_is
from cosictl.driver.methods import planned
from cosictl.driver.preflight import check_endpoint
from cosictl.driver.requests import BucketRequest
from cosictl.driver.tls import Tls
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api
from cosictl.sandbox.api.certificate import self_signed
from tests.drivers import MIB, NAME, Hanging, Refusing, correct, process, serving

V1, V2 = Api
QUICK = 0.3
SETTINGS = b"\0\0\0\4\0\0\0\0\0"
LONG = 20.0


def create(api: Api, name: str = "photos") -> tuple[str, bytes]:
    """A create as path and bytes."""
    call = planned(api, "DriverCreateBucket", BucketRequest(key=name, parameters={"a": "b"}))
    return call.path, call.content


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    with serving(tmp_path, correct()) as path, Channel(parse_endpoint(str(path))) as opened:
        yield opened


@pytest.mark.parametrize("api", Api)
def test_a_good_answer(channel: Channel, api: Api) -> None:
    answer = channel.call(*create(api), timeout=LONG)
    assert answer.ok
    assert answer.from_driver
    assert 0 < answer.seconds < LONG


@pytest.mark.parametrize("code", [code for code in GrpcCode if code is not GrpcCode.OK])
def test_every_code_is_the_drivers(code: GrpcCode, tmp_path: Path) -> None:
    with (
        serving(tmp_path, Refusing(code, "said “so”")) as path,
        Channel(parse_endpoint(str(path))) as channel,
    ):
        answer = channel.call(*create(V1), timeout=LONG)
    assert (answer.code, answer.message, answer.from_driver, answer.expired) == (code, "said “so”", True, False)


def test_our_deadline_is_not_the_drivers_answer(tmp_path: Path) -> None:
    with serving(tmp_path, Hanging()) as path, Channel(parse_endpoint(str(path))) as channel:
        answer = channel.call(*create(V1), timeout=QUICK)
    assert (answer.code, answer.expired, answer.from_driver) == (GrpcCode.DEADLINE_EXCEEDED, True, False)


def test_a_driver_that_dies_has_not_answered(tmp_path: Path) -> None:
    with process(tmp_path, "dying", V1) as path, Channel(parse_endpoint(str(path))) as channel:
        assert who_is(channel, timeout=LONG).name == NAME
        answer = channel.call(*create(V1), timeout=LONG)
        assert (answer.ok, answer.from_driver, answer.expired) == (False, False, False)
        after = channel.call(*create(V1), timeout=LONG)
    assert (after.code, after.from_driver) == (GrpcCode.UNAVAILABLE, False)


def test_a_message_of_eight_mebibytes_is_read_whole(tmp_path: Path) -> None:
    with (
        serving(tmp_path, Refusing(GrpcCode.INVALID_ARGUMENT, "x" * 8 * MIB)) as path,
        Channel(parse_endpoint(str(path))) as channel,
    ):
        answer = channel.call(*create(V2), timeout=LONG)
    assert (answer.code, len(answer.message)) == (GrpcCode.INVALID_ARGUMENT, 8 * MIB)


def test_several_calls_at_a_time(channel: Channel) -> None:
    running = [channel.start(*create(V1, f"b-{number}"), timeout=LONG) for number in range(50)]
    assert [call.wait().ok for call in running] == [True] * 50


def test_a_cancelled_call(tmp_path: Path) -> None:
    with serving(tmp_path, Hanging()) as path, Channel(parse_endpoint(str(path))) as channel:
        running = channel.start(*create(V1), timeout=LONG)
        running.cancel()
        answer = running.wait()
    assert (answer.code, answer.from_driver) == (GrpcCode.CANCELED, False)


@pytest.mark.parametrize("versions", [(V1,), (V2,), (V1, V2)])
def test_who_it_is_in_each_version(versions: tuple[Api, ...], tmp_path: Path) -> None:
    with serving(tmp_path, correct(), *versions) as path, Channel(parse_endpoint(str(path))) as channel:
        who = identify(channel, count=3, timeout=LONG)
    assert (who.apis, who.name) == (versions, NAME)
    assert who.protocols == (("S3",) if V2 in versions else ())
    assert who.round_trip is not None
    assert 0 < who.round_trip.min <= who.round_trip.median <= who.round_trip.max
    assert (who.round_trip.count, who.health, who.reflection) == (3, "", False)
    assert all(answer.code is GrpcCode.UNIMPLEMENTED for api, answer in who.answers.items() if api not in versions)


class Others:
    """Serves health, reflection and a GetInfo whose reply is no message."""

    def __init__(self, status: bytes) -> None:
        self.status = status

    def service(self, handler_call_details: Any) -> Any:
        match handler_call_details.method:
            case "/cosi.v1alpha1.Identity/DriverGetInfo":
                return grpc.unary_unary_rpc_method_handler(lambda *_: b"\x0a\x01x")
            case "/sigs.k8s.io.cosi.v1alpha2.Identity/DriverGetInfo":
                return grpc.unary_unary_rpc_method_handler(lambda *_: b"\xff\xff")
            case "/grpc.health.v1.Health/Check":
                return grpc.unary_unary_rpc_method_handler(lambda *_: self.status)
            case "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo":
                return grpc.stream_stream_rpc_method_handler(lambda *_: iter([b"\x32\x00"]))
            case _:
                return None


@pytest.mark.parametrize(("status", "word"), [(b"\x08\x01", "serving"), (b"\x08\x02", "not serving")])
def test_health_and_reflection_are_noticed(status: bytes, word: str, tmp_path: Path) -> None:
    server: Any = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Others(status),))
    server.add_insecure_port(f"unix:{tmp_path}/o.sock")
    server.start()
    try:
        with Channel(parse_endpoint(f"{tmp_path}/o.sock")) as channel:
            who = identify(channel, timeout=LONG)
    finally:
        stopped: threading.Event = server.stop(0)
        stopped.wait()
    assert (who.apis, who.name, who.health, who.reflection) == ((V1,), "x", word, True)
    assert (who.answers[V2].ok, who.answers[V2].message) == (False, "its reply is no DriverGetInfoResponse")


def test_tls_with_a_name_of_its_own(tmp_path: Path) -> None:
    pair = self_signed("127.0.0.1")
    authority = tmp_path / "ca.pem"
    authority.write_text(pair.pem)
    server: Any = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Others(b""),))
    credentials = grpc.ssl_server_credentials([(pair.key.encode(), pair.pem.encode())])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    endpoint = Endpoint(host="127.0.0.1", port=port)
    try:
        for tls in (Tls(authority=str(authority)), Tls(authority=str(authority), server_name="localhost")):
            check_endpoint(endpoint, timeout=LONG, tls=tls)
            with Channel(endpoint, tls=tls) as channel:
                assert who_is(channel, timeout=LONG).name == "x"
    finally:
        stopped: threading.Event = server.stop(0)
        stopped.wait()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cosi.example.com", ()),
        ("a", ()),
        ("", ("is empty",)),
        ("x" * 64, ("64 characters",)),
        ("a_b", ("must begin and end",)),
        ("-a", ("must begin and end",)),
        ("Cosi.example.com", ("capital letters",)),
        ("9cosi.example.com", ("each part",)),
        ("COSI_X", ("must begin and end", "capital letters")),
    ],
)
def test_names_are_judged_as_the_specification_has_it(name: str, words: tuple[str, ...]) -> None:
    problems = name_problems(name)
    assert len(problems) == len(words)
    assert all(word in problem for word, problem in zip(words, problems, strict=True))


def test_the_authority_and_a_deadline_are_always_sent(tmp_path: Path) -> None:
    """A path is no valid authority: strict servers refuse it. What is sent is read as it comes over the wire."""
    heard = bytearray()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/raw.sock")
        listener.listen()

        def listen() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(SETTINGS)
                while more := peer.recv(4096):
                    heard.extend(more)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        with Channel(parse_endpoint(f"{tmp_path}/raw.sock")) as channel:
            assert channel.call(*create(V1), timeout=QUICK).expired
        thread.join(LONG)
    assert b":authority\tlocalhost" in heard
    assert b"grpc-timeout" in heard
