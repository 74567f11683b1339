"""``report --listen``: a process that serves figures, whatever becomes of the cluster, its clients and itself."""

import json
import shutil
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from cosictl.cli.report.listen import parse_address
from cosictl.errors import UsageError
from tests import exposition as ex
from tests.apiserver import LISTED, NOON, ApiServer
from tests.cli_process import V1, cosictl, one_line
from tests.cutting_proxy import in_front_of, through
from tests.exporter import ANY, Exporter, exporter
from tests.live_sandbox import live
from tests.test_cli_watch import line_of, objects

BUCKET: Final = ("Bucket", "looping")


@pytest.fixture(scope="module")
def of_dump() -> Iterator[Exporter]:
    """One that serves a recording."""
    with exporter("-f", V1) as served:
        yield served


def test_every_scrape_is_about_the_cluster_as_it_is(tmp_path: Path) -> None:
    with (
        ApiServer(objects(), at=NOON) as server,
        exporter("-o", "prometheus", config=server.kubeconfig(tmp_path)) as served,
    ):
        first = served.scrape()
        assert (ex.value(first, ex.UP), ex.value(first, ex.TAKEN)) == (1, NOON.timestamp())
        assert ex.values(first, ex.OBJECTS)[BUCKET] == 1
        server.drop("Bucket")
        assert ex.values(served.scrape(), ex.OBJECTS)[BUCKET] == 0


def test_a_sandbox_that_loops_is_counted(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86") as sandbox, exporter(config=sandbox.kubeconfig) as served:
        text = served.scrape()
        assert ex.values(text, ex.OBJECTS)[BUCKET] > 0
        assert sum(ex.values(text, ex.WASTED).values()) > 0
        assert max(ex.values(text, ex.OLDEST).values()) > 0


def test_however_many_ask_the_cluster_is_read_once_an_interval(tmp_path: Path) -> None:
    with (
        ApiServer(objects(), at=NOON) as server,
        exporter(config=server.kubeconfig(tmp_path), pause="1h") as served,
        ThreadPoolExecutor(8) as scrapers,
    ):
        texts = set(scrapers.map(lambda _: served.scrape(), range(16)))
        assert len(texts) == 1
        assert {server.count(plural) for plural in LISTED if plural.startswith("bucket")} == {1}


def test_a_cluster_that_goes_and_comes_back_is_told_and_never_as_well(tmp_path: Path) -> None:
    with (
        ApiServer(objects(), at=NOON) as server,
        in_front_of(server) as proxy,
        exporter(config=through(proxy, server, tmp_path)) as served,
    ):
        assert ex.values(served.scrape(), ex.OBJECTS)[BUCKET] == 1
        proxy.cut()
        for _ in range(2):
            assert_nothing_known(served.scrape())
        proxy.mend()
        assert ex.values(served.scrape(), ex.OBJECTS)[BUCKET] == 1
        assert served.end(signal.SIGTERM) == 0
        assert "127.0.0.1" in one_line(said_after(served))


def assert_nothing_known(text: str) -> None:
    """The figures say that there are none."""
    assert ex.value(text, ex.UP) == 0
    assert ex.values(text, ex.ERRORS) == {("cluster",): 1}
    assert not {ex.OBJECTS, ex.STUCK, ex.WASTED, ex.OLDEST} & ex.families(text).keys()
    assert ex.families(text)[ex.TAKEN].samples == []


def said_after(served: Exporter) -> str:
    """What was said on stderr since the exporter served."""
    assert served.process.stderr is not None
    return served.process.stderr.read()


@pytest.mark.parametrize("fault", ["expired-token", "404:get:discovery", "reset:get:discovery"])
def test_a_cluster_that_answers_nothing_useful_is_told(fault: str, tmp_path: Path) -> None:
    with ApiServer(objects(), faults=[fault]) as server, exporter(config=server.kubeconfig(tmp_path)) as served:
        assert_nothing_known(served.scrape())


def test_who_may_read_nothing_has_no_diagnosis(tmp_path: Path) -> None:
    with ApiServer(objects(), faults=["403"]) as server, exporter(config=server.kubeconfig(tmp_path)) as served:
        text = served.scrape()
        assert ex.value(text, ex.UP) == 0
        assert ex.values(text, ex.ERRORS)["buckets",] > 0
        assert ex.values(text, ex.OBJECTS) == {}


def test_what_may_not_be_read_is_counted_and_takes_the_zeros_away(tmp_path: Path) -> None:
    with (
        ApiServer(objects(), at=NOON, forbidden=["pods"]) as server,
        exporter(config=server.kubeconfig(tmp_path)) as served,
    ):
        text = served.scrape()
        assert ex.value(text, ex.UP) == 1
        assert ex.values(text, ex.ERRORS)["pods",] > 0
        assert ex.values(text, ex.ERRORS)["buckets",] == 0
        assert 0 not in ex.values(text, ex.OBJECTS).values()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=str)
def test_a_reading_that_does_not_end_holds_nothing_up(number: signal.Signals, code: int, tmp_path: Path) -> None:
    with ApiServer(objects(), faults=["slow:list:buckets:wait=3600"]) as server:
        with exporter("--request-timeout", "0", config=server.kubeconfig(tmp_path)) as served:
            assert_nothing_known(served.scrape(patience=1.0))
            assert served.ask("/healthz")[0] == 200
            assert served.end(number) == code
        # Who waits for an answer that never comes is not waited for.
        server.drop("Bucket")


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGTERM, 0, ""), (signal.SIGINT, 130, "cosictl: interrupted\n")], ids=str
)
def test_it_ends_as_it_is_told(number: signal.Signals, code: int, said: str) -> None:
    with exporter("-f", V1) as served:
        assert served.end(number) == code
        assert said_after(served) == said
        assert served.process.stdout is not None
        assert served.process.stdout.read() == ""


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/metrics?x=1", 200),
        ("HEAD", "/metrics", 200),
        ("GET", "/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/../metrics", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/healthz", 405),
        ("BREW", "/metrics", 405),
    ],
)
def test_two_pages_are_served_and_only_read(method: str, path: str, status: int, of_dump: Exporter) -> None:
    answered, headers, body = of_dump.ask(path, method)
    assert answered == status
    assert headers.get("allow") == ("GET, HEAD" if status == 405 else None)
    assert headers["content-type"].startswith("text/plain")
    assert bool(body) is (method != "HEAD")


def test_clients_that_talk_nonsense_or_leave_do_no_harm() -> None:
    with exporter("-f", V1) as served:
        for sent in (b"", b"\x16\x03\x01 no http \r\n\r\n", b"GET /metrics HTTP/1.0\r\n\r\n", b"GET " + b"a" * 70_000):
            with socket.create_connection((served.host, served.port)) as client:
                client.sendall(sent)
        assert ex.value(served.scrape(), ex.UP) == 1
        assert served.end(signal.SIGTERM) == 0
        assert said_after(served) == ""


def test_a_dump_is_read_again_when_it_changes(tmp_path: Path) -> None:
    dump = tmp_path / "dump.json"
    shutil.copy(Path(V1) / "objects.json", dump)
    with exporter("-f", str(dump)) as served:
        before = served.scrape()
        whole = json.loads(dump.read_text())
        kept = [item for item in whole["items"] if item["kind"] != "BucketAccess"]
        # In one step, as whoever writes it should: it may be read at any time.
        (tmp_path / "next.json").write_text(json.dumps({**whole, "items": kept}))
        (tmp_path / "next.json").replace(dump)
        after = served.scrape()
        dump.unlink()
        assert_nothing_known(served.scrape())
    accesses = [
        sum(count for (kind, _), count in ex.values(text, ex.OBJECTS).items() if kind == "BucketAccess")
        for text in (before, after)
    ]
    assert accesses == [6, 0]


def test_standard_input_is_read_once_and_served_for_ever() -> None:
    given = (Path(V1) / "objects.json").read_text()
    with exporter("-f", "-", stdin=given) as served:
        texts = [served.scrape() for _ in range(2)]
    assert ex.values(texts[0], ex.OBJECTS) == ex.values(texts[1], ex.OBJECTS)
    assert ex.value(texts[1], ex.UP) == 1


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_ipv6_is_written_in_brackets() -> None:
    with exporter("-f", V1, address="[::1]:0") as served:
        assert served.host == "::1"
        assert ex.value(served.scrape(), ex.UP) == 1


def test_an_address_beyond_the_loopback_has_to_be_typed_and_is_warned_of() -> None:
    with exporter("-f", V1, address="0.0.0.0:0") as served:
        assert "no password, no encryption" in line_of(served.process.stderr)
        assert ex.value(served.scrape(), ex.UP) == 1


@pytest.mark.parametrize(
    "text", ["9186", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "::1:9186", "[::1]", "a b:1", ""]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)


def test_no_host_is_no_address() -> None:
    # Elsewhere that means every address of the machine, which nobody should get without having typed it.
    done = cosictl("report", "-f", V1, "--listen", ":9186")
    assert (done.returncode, done.stdout) == (2, "")
    assert "write it like 127.0.0.1:9186" in one_line(done.stderr)


@pytest.mark.parametrize("text", ["127.0.0.1:9186", "localhost:0", "[::1]:9186", "[fe80::1%eth0]:1", "0.0.0.0:65535"])
def test_an_address_is_spelled_as_it_was_typed(text: str) -> None:
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "words",
    [
        ("--listen", ANY, "-o", "junit"),
        ("--listen", ANY, "--output-file", "x.prom"),
        ("--listen", ANY, "--assume-sidecar", "nonsense"),
        ("--listen", ANY, "--interval", "soon"),
        ("-o", "prometheus", "--interval", "10s"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_fit_are_usage_errors(words: tuple[str, ...], tmp_path: Path) -> None:
    done = cosictl("report", "-f", V1, *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cosictl("report", "-f", V1, "--listen", f"127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (1, "")
    said = one_line(done.stderr)
    assert said == f"cosictl: port {port} is in use on 127.0.0.1; name another with --listen"


def test_a_machine_that_is_not_this_one_is_refused() -> None:
    # Reserved for documentation (RFC 5737): no machine has it.
    done = cosictl("report", "-f", V1, "--listen", "192.0.2.1:9186")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot listen on 192.0.2.1:9186" in one_line(done.stderr)


@pytest.mark.parametrize("words", [("-f", "absent.json"), ("--kubeconfig", "absent")], ids=" ".join)
def test_what_can_never_be_read_ends_it_at_once(words: tuple[str, ...]) -> None:
    done = cosictl("report", "--listen", ANY, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "absent" in one_line(done.stderr)
