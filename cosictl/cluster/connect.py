"""Find the cluster and open a connection to it, with the official client's configuration.

kubeconfig merging, exec credential plugins, client certificates, in-cluster accounts and proxies are the client's;
the request itself goes through its connection pool, so that we decode the raw bytes ourselves.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.config import kube_config

from cosictl.errors import ConfigError
from cosictl.intake.redact import redact

_CONNECT_TIMEOUT = 10.0
_READ_TIMEOUT = 60.0
_OURS = "cosictl-overrides"


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
    impersonate: tuple[tuple[str, str], ...] = ()
    request_timeout: float | None = None

    def get(self, path: str, params: Mapping[str, str] | None = None, *, timeout: float | None = None) -> Response:
        """GET a path of the API server. ``timeout`` in seconds replaces the connection's.

        Raises urllib3's errors where no whole answer came; ``retry`` and ``translate`` deal with them.
        """
        return self._send("GET", path, params, timeout=timeout)

    def patch(self, path: str, body: bytes, content_type: str) -> Response:
        """PATCH a path; raises as ``get``."""
        return self._send("PATCH", path, None, body=body, content_type=content_type)

    def request(self, method: str, path: str, params: Mapping[str, str], *, body: bytes, content_type: str) -> Response:
        """Send any request once; raises as ``get``."""
        return self._send(method, path, params, body=body, content_type=content_type)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Who we are, as request headers."""
        return (("User-Agent", "cosictl"), *self._authorization(), *self.impersonate)

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
        headers = urllib3.HTTPHeaderDict({"Accept": "application/json"})
        for name, value in self.headers():
            headers.add(name, value)
        if content_type:
            headers["Content-Type"] = content_type
        limit = timeout if timeout is not None else self.request_timeout
        read = None if limit == 0 else limit or _READ_TIMEOUT
        connect = min(_CONNECT_TIMEOUT, read) if read is not None else _CONNECT_TIMEOUT
        answer = self.pool.request(
            method,
            self.host + path + (f"?{urlencode(params)}" if params else ""),
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=connect, read=read),
            retries=False,
            redirect=False,
        )
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Response(status=answer.status, headers=found, body=answer.data)

    def _authorization(self) -> tuple[tuple[str, str], ...]:
        """The bearer token, refreshed by the client's own hook when it ran out."""
        for name, setting in self.settings.auth_settings().items():
            if name == "BearerToken" and setting["value"]:
                return (("Authorization", str(setting["value"])),)
        basic = self.settings.get_basic_auth_token() if self.settings.username else None
        return (("Authorization", str(basic)),) if basic else ()


def connect(options: ConnectOptions) -> Connection:
    """Open a connection as the options and the kubeconfig say; nothing is sent yet.

    Raises ConfigError for a kubeconfig that is missing or broken, or has no such context, cluster or user.
    """
    settings = client.Configuration()
    name, namespace, user = _load(options, settings)
    if options.server:
        settings.host = options.server.rstrip("/")
    if options.token:
        settings.api_key = {"BearerToken": f"Bearer {options.token}", "authorization": f"Bearer {options.token}"}
        settings.refresh_api_key_hook = None
        settings.cert_file = settings.key_file = None
    settings.retries = False
    pool = client.ApiClient(settings).rest_client.pool_manager
    as_user = options.as_user or str(user.get("as") or "")
    as_groups = options.as_groups or (() if options.as_user else tuple(user.get("as-groups") or ()))
    impersonate = [("Impersonate-User", as_user)] if as_user else []
    impersonate += [("Impersonate-Group", str(group)) for group in as_groups]
    return Connection(
        source=f"{name} ({settings.host})",
        namespace=namespace,
        host=settings.host,
        pool=pool,
        settings=settings,
        impersonate=tuple(impersonate),
        request_timeout=options.request_timeout,
    )


def _load(options: ConnectOptions, settings: Any) -> tuple[str, str, Mapping[str, Any]]:
    """Fill the client's configuration; return what to call the cluster, the context's namespace and its user.

    The user's entry is for what the client does not read: the fields ``as`` and ``as-groups``.
    """
    paths = options.kubeconfig or os.environ.get("KUBECONFIG") or kube_config.KUBE_CONFIG_DEFAULT_LOCATION
    if not any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep) if path):
        return *_without_file(options, settings, paths), {}
    try:
        merger = kube_config.KubeConfigMerger(paths)
        context = _context(merger, options)
        loader = kube_config.KubeConfigLoader(config_dict=merger.config, active_context=context, config_base_path=None)
        with _complaints() as said:
            loader.load_and_set(settings)
        if said:
            raise config.ConfigException("; ".join(said))
        active = loader.current_context
    except config.ConfigException as error:
        raise _config_error(error, paths) from error
    except (yaml.YAMLError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"kubeconfig {paths} cannot be used: {_one_line(error)}",
            meaning="it is no complete kubeconfig file",
            next_step="check it with: kubectl config view",
        ) from error
    inner = active.get("context") or {}
    name = options.context or (active.get("name") if active.get("name") != _OURS else "") or "cluster"
    return f"context {name}", inner.get("namespace") or "default", _user(merger, str(inner.get("user") or ""))


def _user(merger: Any, name: str) -> Mapping[str, Any]:
    entries = [_plain(entry) for entry in merger.config.value.get("users") or ()]
    found: Mapping[str, Any] = next((_plain(entry["user"]) for entry in entries if entry.get("name") == name), {})
    return found


class _Collector(logging.Handler):
    """Keeps the messages of errors."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what the client logs: a credential plugin that fails is an error there only in the log."""
    said: list[str] = []
    handler = _Collector(said)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield said
    finally:
        root.removeHandler(handler)


def _context(merger: Any, options: ConnectOptions) -> str | None:
    """The name of the context to use; --cluster and --user make one of their own."""
    if not (options.cluster or options.user):
        return options.context or None
    value = merger.config.value
    wanted = options.context or value.get("current-context")
    chosen = next((dict(c["context"]) for c in (_plain(c) for c in value["contexts"]) if c["name"] == wanted), {})
    chosen |= {key: given for key, given in (("cluster", options.cluster), ("user", options.user)) if given}
    value["contexts"].append({"name": _OURS, "context": chosen})
    return _OURS


def _plain(node: Any) -> dict[str, Any]:
    found: dict[str, Any] = getattr(node, "value", node)
    return found


def _without_file(options: ConnectOptions, settings: Any, paths: str) -> tuple[str, str]:
    """No kubeconfig: --server alone, else the service account of the pod we run in."""
    if options.server:
        return "server", "default"
    if options.kubeconfig or options.context:
        raise ConfigError(
            f"kubeconfig {paths} does not exist",
            meaning="no cluster is configured under that name",
            next_step="check --kubeconfig and KUBECONFIG, or diagnose a dump with -f",
        )
    try:
        config.load_incluster_config(client_configuration=settings)
    except config.ConfigException as error:
        raise ConfigError(
            f"no kubeconfig at {paths}, and this is no pod",
            meaning="no cluster is configured here",
            next_step="set KUBECONFIG or --kubeconfig, or diagnose a dump with -f",
        ) from error
    home = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    return "in-cluster", home.read_text(encoding="utf-8").strip() if home.is_file() else "default"


def _config_error(error: Exception, paths: str) -> ConfigError:
    words = _one_line(error)
    if "Expected object with name" in words or "context" in words.lower():
        return ConfigError(
            f"kubeconfig {paths}: {words}",
            meaning="no such context, cluster or user, or none is chosen",
            next_step="list them with: kubectl config get-contexts",
        )
    return ConfigError(
        f"kubeconfig {paths} cannot be used: {words}",
        meaning="an entry is missing, or its credential plugin failed",
        next_step="check it with: kubectl config view, kubectl get --raw /version",
    )


def _one_line(error: Exception) -> str:
    return redact(" ".join(str(error).split()))[:300]
