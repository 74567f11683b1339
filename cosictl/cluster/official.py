"""Connect as the official client does: what ``plainconfig`` leaves to it.

kubeconfig merging, exec credential plugins, in-cluster accounts and proxies are the client's. It loads 600 modules,
which takes longer than most questions to a cluster, so it is loaded only where it is needed.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.config import kube_config

from cosictl.cluster.connect import MOST_CONNECTIONS, Access, ConnectOptions
from cosictl.cluster.pooled import PoolTransport
from cosictl.errors import ConfigError
from cosictl.intake.redact import redact

_OURS = "cosictl-overrides"


def official_access(options: ConnectOptions, paths: str) -> Access:
    """Reach a cluster as the options and the kubeconfig at ``paths`` say; raises ConfigError."""
    settings = client.Configuration()
    name, namespace, user = _load(options, settings, paths)
    if options.server:
        settings.host = options.server.rstrip("/")
    if options.token:
        settings.api_key = {"BearerToken": f"Bearer {options.token}", "authorization": f"Bearer {options.token}"}
        settings.refresh_api_key_hook = None
        settings.cert_file = settings.key_file = None
    settings.retries = False
    settings.connection_pool_maxsize = MOST_CONNECTIONS
    return Access(
        name=name,
        namespace=namespace,
        settings=settings,
        transport=PoolTransport(client.ApiClient(settings).rest_client.pool_manager, settings.host),
        authorization=lambda: _authorization(settings),
        user=user,
    )


def _authorization(settings: Any) -> str:
    """The bearer token, refreshed by the client's own hook when it ran out; or name and password."""
    for name, setting in settings.auth_settings().items():
        if name == "BearerToken" and setting["value"]:
            return str(setting["value"])
    return str(settings.get_basic_auth_token()) if settings.username else ""


def _load(options: ConnectOptions, settings: Any, paths: str) -> tuple[str, str, Mapping[str, Any]]:
    """Fill the client's configuration; return what to call the cluster, the context's namespace and its user.

    The user's entry is for what the client does not read: the fields ``as`` and ``as-groups``.
    """
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
        # What the client trips over says nothing to who wrote the file.
        tripped = isinstance(error, TypeError | AttributeError)
        words = "it holds something other than clusters, contexts and users" if tripped else _one_line(error)
        raise ConfigError(
            f"kubeconfig {paths} cannot be used: {words}",
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
    if any(Path(path).expanduser().is_dir() for path in paths.split(os.pathsep) if path):
        raise ConfigError(
            f"kubeconfig {paths} is a folder",
            meaning="a kubeconfig is a file",
            next_step="name the file in it with --kubeconfig or KUBECONFIG",
        )
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
