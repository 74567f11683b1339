"""Find the cluster and open a connection to it.

A plain kubeconfig is read without the official client; merged ones, credential plugins, in-cluster accounts and proxies
are the client's. The request itself goes through a connection pool, so that we decode the raw bytes ourselves.
"""

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3

from cosictl.cluster.plainconfig import plain_config

_CONNECT_TIMEOUT = 10.0
_READ_TIMEOUT = 60.0
# Connections kept: one for each list that is read or watched at the same time, of both API versions.
MOST_CONNECTIONS: Final = 32
_PIECE_BYTES = 256 * 1024
DEFAULT_KUBECONFIG: Final = "~/.kube/config"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """kubectl's connection options, with its meanings; empty means "as the kubeconfig says".

    ``request_timeout`` is in seconds for one request; None means our default, 0 none at all.
    """

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    user: str = ""
    as_user: str = ""
    as_groups: tuple[str, ...] = ()
    server: str = ""
    token: str = ""
    request_timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer: status, headers (lower-case names), whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An open connection. ``namespace`` is the context's, ``source`` names the cluster for people."""

    source: str
    namespace: str
    host: str
    pool: urllib3.PoolManager = field(repr=False)
    settings: Any = field(repr=False)
    authorization: Callable[[], str] = field(repr=False)
    impersonate: tuple[tuple[str, str], ...] = ()
    request_timeout: float | None = None

    def get(self, path: str, params: Mapping[str, str] | None = None, *, timeout: float | None = None) -> Response:
        """GET a path of the API server. ``timeout`` in seconds replaces the connection's.

        Raises urllib3's errors where no whole answer came; ``retry`` and ``translate`` deal with them.
        """
        return self._send("GET", path, params, timeout=timeout)

    @contextmanager
    def stream(
        self, path: str, params: Mapping[str, str], *, timeout: float | None = None, live: bool = False
    ) -> Iterator[tuple[int, Mapping[str, str], Iterator[bytes]]]:
        """GET a path and yield its status, its headers and its body in pieces, while it arrives; raises as ``get``.

        ``live``: pieces come as the server sends them, however small.
        """
        answer = self._open("GET", path, params, timeout=timeout, preload=False)
        try:
            yield answer.status, _headers(answer), _pieces(answer, live=live)
        except BaseException:
            answer.close()
            raise
        finally:
            answer.release_conn()

    def patch(self, path: str, body: bytes, content_type: str) -> Response:
        """PATCH a path; raises as ``get``."""
        return self._send("PATCH", path, None, body=body, content_type=content_type)

    def request(self, method: str, path: str, params: Mapping[str, str], *, body: bytes, content_type: str) -> Response:
        """Send any request once; raises as ``get``."""
        return self._send(method, path, params, body=body, content_type=content_type)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Who we are, as request headers."""
        value = self.authorization()
        authorized = (("Authorization", value),) if value else ()
        return (("User-Agent", "cosictl"), *authorized, *self.impersonate)

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        *,
        timeout: float | None = None,
        body: bytes | None = None,
        content_type: str = "",
    ) -> Response:
        answer = self._open(method, path, params, timeout=timeout, body=body, content_type=content_type)
        return Response(status=answer.status, headers=_headers(answer), body=answer.data)

    def _open(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        *,
        timeout: float | None = None,
        body: bytes | None = None,
        content_type: str = "",
        preload: bool = True,
    ) -> urllib3.BaseHTTPResponse:
        # On this machine, packing costs more than it saves.
        encoding = "identity" if _is_loopback(self.host) else "gzip"
        headers = urllib3.HTTPHeaderDict({"Accept": "application/json", "Accept-Encoding": encoding})
        for name, value in self.headers():
            headers.add(name, value)
        if content_type:
            headers["Content-Type"] = content_type
        limit = timeout if timeout is not None else self.request_timeout
        read = None if limit == 0 else limit or _READ_TIMEOUT
        connect = min(_CONNECT_TIMEOUT, read) if read is not None else _CONNECT_TIMEOUT
        return self.pool.request(
            method,
            self.host + path + (f"?{urlencode(params)}" if params else ""),
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=connect, read=read),
            retries=False,
            redirect=False,
            preload_content=preload,
        )


def _pieces(answer: urllib3.BaseHTTPResponse, *, live: bool) -> Iterator[bytes]:
    if not live:
        yield from answer.stream(_PIECE_BYTES, decode_content=True)
        return
    while piece := answer.read1(_PIECE_BYTES, decode_content=True):
        yield piece


def _headers(answer: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


@cache
def _is_loopback(host: str) -> bool:
    name = urlsplit(host).hostname or ""
    return name in {"localhost", "::1"} or name.startswith("127.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach a cluster: what a kubeconfig, an account or options say.

    ``settings`` has the names of the official client's configuration. ``authorization`` gives the header's value of
    the moment. ``user`` is the user's entry in the kubeconfig.
    """

    name: str
    namespace: str
    settings: Any = field(repr=False)
    pool: urllib3.PoolManager = field(repr=False)
    authorization: Callable[[], str] = field(repr=False)
    user: Mapping[str, Any] = field(default_factory=dict, repr=False)


def connect(options: ConnectOptions) -> Connection:
    """Open a connection as the options and the kubeconfig say; nothing is sent yet.

    Raises ConfigError for a kubeconfig that is missing or broken, or has no such context, cluster or user.
    """
    access = _plainly(options) or _officially(options)
    as_user = options.as_user or str(access.user.get("as") or "")
    as_groups = options.as_groups or (() if options.as_user else tuple(access.user.get("as-groups") or ()))
    impersonate = [("Impersonate-User", as_user)] if as_user else []
    impersonate += [("Impersonate-Group", str(group)) for group in as_groups]
    return Connection(
        source=f"{access.name} ({access.settings.host})",
        namespace=access.namespace,
        host=access.settings.host,
        pool=access.pool,
        settings=access.settings,
        authorization=access.authorization,
        impersonate=tuple(impersonate),
        request_timeout=options.request_timeout,
    )


def kubeconfig_paths(options: ConnectOptions) -> str:
    """Return where the kubeconfig is looked for: a path, or several as KUBECONFIG lists them."""
    return options.kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG


def _officially(options: ConnectOptions) -> Access:
    from cosictl.cluster.official import official_access  # noqa: PLC0415 - the client loads 600 modules

    return official_access(options, kubeconfig_paths(options))


def _plainly(options: ConnectOptions) -> Access | None:
    """Do it without the official client, where nothing is asked for that needs it."""
    path = kubeconfig_paths(options)
    if os.pathsep in path or options.cluster or options.user:
        return None
    found = plain_config(path, options.context)
    if found is None:
        return None
    settings = found.settings
    if options.server:
        settings.host = options.server.rstrip("/")
    if options.token:
        settings.token, settings.cert_file, settings.key_file = options.token, None, None
    value = f"Bearer {settings.token}" if settings.token else ""
    server_name: dict[str, Any] = {"server_hostname": settings.tls_server_name} if settings.tls_server_name else {}
    pool = urllib3.PoolManager(
        maxsize=MOST_CONNECTIONS,
        cert_reqs=ssl.CERT_REQUIRED if settings.verify_ssl else ssl.CERT_NONE,
        ca_certs=settings.ssl_ca_cert,
        cert_file=settings.cert_file,
        key_file=settings.key_file,
        **server_name,
    )
    return Access(
        name=f"context {found.context}",
        namespace=found.namespace,
        settings=settings,
        pool=pool,
        authorization=lambda: value,
        user=found.user,
    )
