"""Find the cluster and open a connection to it.

A plain kubeconfig is read, and its server talked to, without the official client; merged ones, credential plugins,
in-cluster accounts and proxies are the client's. Either way we decode the raw bytes ourselves.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from msgspec import Struct, field

from cosictl.cluster.plainconfig import plain_config
from cosictl.cluster.transport import Answer, PlainTransport, Transport, is_plain

_CONNECT_TIMEOUT = 10.0
_READ_TIMEOUT = 60.0
_JSON: Final = "application/json"
# Connections kept: one for each list that is read or watched at the same time, of both API versions.
MOST_CONNECTIONS: Final = 32
DEFAULT_KUBECONFIG: Final = "~/.kube/config"


class ConnectOptions(Struct, frozen=True, kw_only=True):
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


class Response(Struct, frozen=True, kw_only=True):
    """One HTTP answer: status, headers (lower-case names), whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection(Struct, frozen=True, kw_only=True):
    """An open connection. ``namespace`` is the context's, ``source`` names the cluster for people."""

    source: str
    namespace: str
    host: str
    transport: Transport
    settings: Any
    authorization: Callable[[], str]
    impersonate: tuple[tuple[str, str], ...] = ()
    request_timeout: float | None = None

    def __repr__(self) -> str:
        """Tell the cluster, and no credentials."""
        return f"Connection({self.source!r})"

    def get(self, path: str, params: Mapping[str, str] | None = None, *, timeout: float | None = None) -> Response:
        """GET a path of the API server. ``timeout`` in seconds replaces the connection's.

        Raises NoAnswerError where no whole answer came; ``retry`` and ``translate`` deal with it.
        """
        return self._send("GET", path, params, timeout=timeout)

    @contextmanager
    def stream(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        timeout: float | None = None,
        live: bool = False,
        accept: str = _JSON,
    ) -> Iterator[tuple[int, Mapping[str, str], Iterator[bytes]]]:
        """GET a path and yield its status, its headers and its body in pieces, while it arrives; raises as ``get``.

        ``live``: pieces come as the server sends them, however small.
        """
        answer = self._open("GET", path, params, timeout=timeout, accept=accept)
        try:
            yield answer.status, answer.headers, answer.pieces(live=live)
        finally:
            answer.close()

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
        try:
            whole = b"".join(answer.pieces(live=False))
        finally:
            answer.close()
        return Response(status=answer.status, headers=answer.headers, body=whole)

    def _open(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        *,
        timeout: float | None = None,
        body: bytes | None = None,
        content_type: str = "",
        accept: str = _JSON,
    ) -> Answer:
        # On this machine, packing costs more than it saves.
        encoding = "identity" if _is_loopback(self.host) else "gzip"
        headers = [("Accept", accept), ("Accept-Encoding", encoding), *self.headers()]
        headers += [("Content-Type", content_type)] if content_type else []
        limit = timeout if timeout is not None else self.request_timeout
        read = None if limit == 0 else limit or _READ_TIMEOUT
        connect = min(_CONNECT_TIMEOUT, read) if read is not None else _CONNECT_TIMEOUT
        asked = path + (f"?{urlencode(params)}" if params else "")
        return self.transport.send(method, asked, headers, body, connect=connect, read=read)


@cache
def _is_loopback(host: str) -> bool:
    name = urlsplit(host).hostname or ""
    return name in {"localhost", "::1"} or name.startswith("127.")


class Access(Struct, frozen=True, kw_only=True):
    """How to reach a cluster: what a kubeconfig, an account or options say.

    ``settings`` has the names of the official client's configuration. ``authorization`` gives the header's value of
    the moment. ``user`` is the user's entry in the kubeconfig.
    """

    name: str
    namespace: str
    settings: Any
    transport: Transport
    authorization: Callable[[], str]
    user: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Tell the cluster, and no credentials."""
        return f"Access({self.name!r})"


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
        transport=access.transport,
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
    if not is_plain(settings.host):
        return None
    if options.token:
        settings.token, settings.cert_file, settings.key_file = options.token, None, None
    value = f"Bearer {settings.token}" if settings.token else ""
    return Access(
        name=f"context {found.context}",
        namespace=found.namespace,
        settings=settings,
        transport=PlainTransport(settings.host, settings, MOST_CONNECTIONS),
        authorization=lambda: value,
        user=found.user,
    )
