"""A list that is followed and has to be read anew: what an API server may send first, and how that can fail."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cosictl.cluster.connect import Connection, ConnectOptions, connect
from cosictl.cluster.lists import Reach, Scope
from cosictl.cluster.reader import Listed, Observed, observe
from cosictl.cluster.stream import Change, Follower
from tests.cli_process import TIMEOUT_SECONDS

API = "objectstorage.k8s.io/v1alpha1"
ALL = Scope(reach=Reach.ALL, namespace="")
# Far more than one block holds.
MANY = 3000


def claim(number: int, *, version: int = 1, bucket: str = "") -> dict[str, Any]:
    metadata = {"name": f"c{number}", "namespace": "team-a", "uid": f"u{number}", "resourceVersion": str(version)}
    status = {"bucketReady": bool(bucket), "bucketName": bucket}
    filling = {"parameters": {"note": "x" * 200}}
    return {"apiVersion": API, "kind": "BucketClaim", "metadata": metadata, "spec": filling, "status": status}


def bookmark(version: int, *, is_end: bool) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    if is_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return {"type": "BOOKMARK", "object": {"apiVersion": API, "kind": "BucketClaim", "metadata": metadata}}


def line(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": value}


class Server(ThreadingHTTPServer):
    """Forgets what was; what it sends to who asks for all first is ``lines``, and its list has one claim, ``c7``."""

    daemon_threads = True

    def __init__(self, lines: Sequence[dict[str, Any] | bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.lines = lines
        self.asked: list[str] = []
        self.refusals: list[int] = []
        self.forgets: dict[str, Any] = {"code": 410, "message": "too old resource version"}
        self.ended = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever follows may leave in the middle of an answer."""


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        if "watch" not in query:
            return self._whole(query)
        is_refused = "sendInitialEvents" in query and self.server.refusals
        self.send_response(self.server.refusals.pop(0) if is_refused else 200)
        self.end_headers()
        if is_refused:
            self.server.asked.append("all first")
        elif "sendInitialEvents" in query:
            assert (query["resourceVersionMatch"], query["allowWatchBookmarks"]) == ("NotOlderThan", "true")
            self.server.asked.append("all first")
            for part in self.server.lines:
                self.wfile.write(part if isinstance(part, bytes) else json.dumps(part).encode() + b"\n")
        elif query["resourceVersion"] == "1":
            self.server.asked.append("after 1")
            self.wfile.write(json.dumps(line("ERROR", {"kind": "Status", **self.server.forgets})).encode() + b"\n")
        else:
            self.server.asked.append(f"after {query['resourceVersion']}")
            self.server.ended.wait(TIMEOUT_SECONDS)
        return None

    def _whole(self, query: dict[str, str]) -> None:
        is_group = self.path == "/apis/objectstorage.k8s.io"
        is_first = query.get("resourceVersion") == "0"
        if not is_group and not is_first:
            self.server.asked.append("a list")
        listed = {"kind": "BucketClaimList", "apiVersion": API}
        items = [] if is_first or not self.path.partition("?")[0].endswith("bucketclaims") else [claim(7)]
        metadata = {"resourceVersion": "1" if is_first else "500"}
        groups = {"versions": [{"version": "v1alpha1"}]}
        data = json.dumps(groups if is_group else {**listed, "metadata": metadata, "items": items}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


@contextmanager
def serving(lines: Sequence[dict[str, Any] | bytes]) -> Iterator[tuple[Server, Connection]]:
    server = Server(lines)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server, connect(ConnectOptions(kubeconfig="/nowhere", server=f"http://127.0.0.1:{server.server_port}"))
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()


def anew(conn: Connection, *, keep_raw: bool = False) -> tuple[Listed, "Queue[Change]"]:
    """Follow the claims from a version that the server has forgotten; return what replaces them, and the queue."""
    (listed,) = observe(conn, scope=ALL, keep_raw=keep_raw, only=frozenset({"bucketclaims"})).lists
    changes: Queue[Change] = Queue()
    threading.Thread(target=Follower(conn, 0, listed, changes).run, daemon=True).start()
    while (change := changes.get(timeout=TIMEOUT_SECONDS)).anew is None:
        pass
    return change.anew, changes


def buckets(listed: Listed) -> dict[str, str]:
    """The Bucket of each claim that a list holds."""
    seen = Observed(source="", scope=ALL, keep_raw=False, lists=[listed])
    return {found.meta.name: found.bucket_name for found in seen.build()[1].claims}


@pytest.mark.parametrize("keep_raw", [False, True])
def test_all_there_is_comes_with_what_changed_meanwhile(keep_raw: bool) -> None:  # noqa: FBT001 - a parameter
    lines = [
        *(line("ADDED", claim(number)) for number in range(MANY)),
        bookmark(600, is_end=False),
        line("MODIFIED", claim(1, version=601, bucket="b1")),
        line("DELETED", claim(2, version=602)),
        line("ADDED", claim(MANY, version=603)),
        bookmark(604, is_end=True),
        line("MODIFIED", claim(3, version=605, bucket="b3")),
    ]
    with serving(lines) as (server, conn):
        listed, changes = anew(conn, keep_raw=keep_raw)
        after = changes.get(timeout=TIMEOUT_SECONDS)
        found = buckets(listed)
        assert found == {f"c{number}": "b1" if number == 1 else "" for number in range(MANY + 1) if number != 2}
        assert listed.version == "604"
        assert (after.uid, json.loads(after.data)["status"]["bucketName"]) == ("u3", "b3")
        while "after 605" not in server.asked:
            threading.Event().wait(0.01)
        assert server.asked == ["after 1", "all first", "after 605"]


BROKEN = {
    "no end": [line("ADDED", claim(1))],
    "no objects": [],
    "an error": [line("ADDED", claim(1)), line("ERROR", {"kind": "Status", "code": 504, "message": "too slow"})],
    "no JSON": [line("ADDED", claim(1)), b"<html>\n"],
    "cut": [line("ADDED", claim(1)), b'{"type":"ADD'],
}


@pytest.mark.parametrize("lines", BROKEN.values(), ids=BROKEN)
def test_what_does_not_come_to_its_end_is_read_as_a_list(lines: list[dict[str, Any] | bytes]) -> None:
    with serving(lines) as (server, conn):
        listed, _ = anew(conn)
        while "after 500" not in server.asked:
            threading.Event().wait(0.01)
        assert (list(buckets(listed)), listed.version) == (["c7"], "500")
        assert server.asked == ["after 1", "all first", "a list", "after 500"]


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        # Overloaded or down: asked for the same again.
        ([503, 429], ["all first", "all first", "all first"]),
        # Not offered.
        ([400], ["all first", "a list"]),
        ([422], ["all first", "a list"]),
        ([403], ["all first", "a list"]),
        ([501], ["all first", "a list"]),
    ],
)
def test_only_who_does_not_offer_it_is_asked_for_a_list(answers: list[int], asked: list[str]) -> None:
    with serving([line("ADDED", claim(7)), bookmark(600, is_end=True)]) as (server, conn):
        server.refusals = answers
        listed, _ = anew(conn)
        assert list(buckets(listed)) == ["c7"]
        assert server.asked[:1] + [word for word in server.asked[1:] if not word.startswith("after")] == [
            "after 1",
            *asked,
        ]


def test_what_is_put_back_to_an_earlier_state_is_read_anew() -> None:
    with serving([line("ADDED", claim(7)), bookmark(600, is_end=True)]) as (server, conn):
        server.forgets = {"code": 504, "message": "Timeout: Too large resource version: 1, current: 0"}
        assert list(buckets(anew(conn)[0])) == ["c7"]


def test_a_server_that_ends_every_stream_at_once_is_asked_with_growing_pauses() -> None:
    with serving([line("ADDED", claim(7)), bookmark(600, is_end=True)]) as (server, conn):
        server.ended.set()
        anew(conn)
        threading.Event().wait(1.5)
        # Without a pause there would be hundreds.
        assert len(server.asked) < 12
        while len(server.asked) < 5:
            threading.Event().wait(0.01)


def test_an_object_that_cannot_be_decoded_is_told_and_hides_no_other() -> None:
    broken = claim(1) | {"metadata": "none"}
    with serving([line("ADDED", claim(0)), line("ADDED", broken), bookmark(600, is_end=True)]) as (_, conn):
        listed, _ = anew(conn)
        _, snapshot = Observed(source="", scope=ALL, keep_raw=False, lists=[listed]).build()
    assert [found.kind for found in snapshot.undecoded] == ["BucketClaim"]
    assert [found.meta.name for found in snapshot.claims] == ["c0"]
