"""An API server of claims that says what it is told to, line by line: for streams as no real server sends them."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from cosictl.cluster.connect import Connection, ConnectOptions, connect
from tests.cli_process import TIMEOUT_SECONDS

API: Final = "objectstorage.k8s.io/v1alpha1"
Json = dict[str, Any]
T = TypeVar("T")
# What is sent: lines, raw bytes, CUT (the connection breaks in the middle), STAY (nothing more comes); or a status.
CUT: Final = "cut"
STAY: Final = "stay"
Script = Sequence[Json | bytes | str] | int


def claim(number: int, *, version: int = 1, bucket: str = "") -> Json:
    metadata = {"name": f"c{number}", "namespace": "team-a", "uid": f"u{number}", "resourceVersion": str(version)}
    status = {"bucketReady": bool(bucket), "bucketName": bucket}
    filling = {"parameters": {"note": "x" * 200}}
    return {"apiVersion": API, "kind": "BucketClaim", "metadata": metadata, "spec": filling, "status": status}


def line(kind: str, value: Json) -> Json:
    return {"type": kind, "object": value}


def bookmark(version: int, *, is_end: bool) -> Json:
    metadata: Json = {"resourceVersion": str(version), "creationTimestamp": None}
    if is_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return line("BOOKMARK", {"apiVersion": API, "kind": "BucketClaim", "metadata": metadata})


def refusal(code: int, message: str = "") -> Json:
    return line("ERROR", {"kind": "Status", "code": code, "message": message, "metadata": {}})


GONE: Final = [refusal(410, "too old resource version")]


class StreamServer(ThreadingHTTPServer):
    """Plays scripts, of several the next one each time, and the last from then on.

    ``all_first`` for those who ask for all there is, ``after`` for those who go on after a version: version 1, which
    the first list has, is forgotten, and after others nothing comes. ``lists`` are the claims of lists read anew.
    """

    daemon_threads = True

    def __init__(
        self, all_first: Sequence[Script], after: Mapping[str, Script], lists: Sequence[Sequence[Json]]
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.all_first = [*all_first]
        self.after = {"1": GONE, **after}
        self.lists = [*lists]
        self.asked: list[str] = []
        self.at_the_end: list[Callable[[], None]] = []
        self.ended = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever follows may leave in the middle of an answer."""


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _server(self) -> StreamServer:
        return cast("StreamServer", self.server)

    def do_GET(self) -> None:
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        if "watch" not in query:
            self._list(query)
        elif "sendInitialEvents" in query:
            assert (query["resourceVersionMatch"], query["allowWatchBookmarks"]) == ("NotOlderThan", "true")
            self._server.asked.append("all first")
            self._play(_next(self._server.all_first))
        else:
            self._server.asked.append(f"after {query['resourceVersion']}")
            self._play(self._server.after.get(query["resourceVersion"], [STAY]))

    def _play(self, script: Script) -> None:
        if isinstance(script, int):
            return self._whole({"kind": "Status", "code": script, "message": "refused"}, script)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in script:
            if part == CUT:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return None
            if part == STAY:
                self._server.ended.wait(TIMEOUT_SECONDS)
                continue
            data = part if isinstance(part, bytes) else json.dumps(part).encode() + b"\n"
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _list(self, query: Mapping[str, str]) -> None:
        if self.path == "/apis/objectstorage.k8s.io":
            return self._whole({"versions": [{"version": "v1alpha1"}]})
        is_first = query.get("resourceVersion") == "0"
        if not is_first:
            self._server.asked.append("a list")
        metadata = {"resourceVersion": "1" if is_first else "500"}
        items = [] if is_first else _next(self._server.lists)
        return self._whole({"kind": "BucketClaimList", "apiVersion": API, "metadata": metadata, "items": items})

    def _whole(self, tree: Json, status: int = 200) -> None:
        data = json.dumps(tree).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


def _next(scripts: list[T]) -> T:
    return scripts.pop(0) if len(scripts) > 1 else scripts[0]


@contextmanager
def serving(
    *all_first: Script, after: Mapping[str, Script] | None = None, lists: Sequence[Sequence[Json]] = ((),)
) -> Iterator[tuple[StreamServer, Connection]]:
    """Run such a server, and a connection to it."""
    server = StreamServer(all_first or (400,), after or {}, lists)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server, connect(ConnectOptions(kubeconfig="/nowhere", server=f"http://127.0.0.1:{server.server_port}"))
    finally:
        for end in server.at_the_end:
            end()
        server.ended.set()
        server.shutdown()
        server.server_close()
