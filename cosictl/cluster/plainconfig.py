"""Kubeconfigs that are plain: one file, a server, certificates and a token. Most are, and these need no client library.

In: the path and the context. Out: what to connect with, or None: for everything else, and for anything odd, the
official client reads the file (credential plugins, lists of files, proxies), and says what is wrong with it.
"""

import atexit
import base64
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec import Struct

_CLUSTER: Final = frozenset(
    {"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name"}
    | {"extensions"}
)
_USER: Final = frozenset(
    {"token", "client-certificate", "client-certificate-data", "client-key", "client-key-data", "as", "as-groups"}
    | {"extensions"}
)


class Settings(Struct, kw_only=True):
    """What to connect with, named as the official client's configuration names it; paths are of PEM files."""

    host: str
    verify_ssl: bool = True
    ssl_ca_cert: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    tls_server_name: str | None = None
    proxy: str | None = None
    username: str = ""
    password: str = ""
    token: str = ""

    def __repr__(self) -> str:
        """Tell the server, and no credentials."""
        return f"Settings({self.host!r})"


class PlainConfig(Struct, frozen=True, kw_only=True):
    """A context of a plain kubeconfig; ``user`` is the user's entry."""

    settings: Settings
    context: str
    namespace: str
    user: Mapping[str, Any]

    def __repr__(self) -> str:
        """Tell the context, and no credentials."""
        return f"PlainConfig({self.context!r})"


class _OddError(Exception):
    """Not plain: the official client shall look at it."""


def plain_config(path: str, context: str = "") -> PlainConfig | None:
    """Read one kubeconfig file; None where it is not plain, or not right."""
    if _has_proxies():
        return None
    try:
        return _read(Path(path).expanduser(), context)
    except (_OddError, OSError, ValueError, yaml.YAMLError):
        return None


def _has_proxies() -> bool:
    if sys.platform != "darwin" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return False
    from urllib.request import getproxies  # noqa: PLC0415 - most have none, and it loads long

    return bool(getproxies().keys() - {"no"})


def _read(path: Path, wanted: str) -> PlainConfig:
    config = _map(yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506
    name = wanted or _text(config.get("current-context"))
    context = _map(_named(config, "contexts", name, "context"))
    cluster = _map(_named(config, "clusters", _text(context.get("cluster")), "cluster"))
    user = _map(_named(config, "users", _text(context.get("user")), "user"))
    if cluster.keys() - _CLUSTER or user.keys() - _USER:
        raise _OddError
    skips = cluster.get("insecure-skip-tls-verify", False)
    server_name = cluster.get("tls-server-name")
    if not isinstance(skips, bool) or not isinstance(server_name, str | None):
        raise _OddError
    host = _text(cluster.get("server")).rstrip("/")
    token = user.get("token", "")
    settings = Settings(
        host=host, verify_ssl=not skips, tls_server_name=server_name, token=_text(token) if token else ""
    )
    if host.startswith("https"):
        settings.ssl_ca_cert = _pem(cluster, "certificate-authority", path.parent)
        settings.cert_file = _pem(user, "client-certificate", path.parent)
        settings.key_file = _pem(user, "client-key", path.parent)
    namespace = context.get("namespace") or "default"
    return PlainConfig(settings=settings, context=name, namespace=_text(namespace), user=user)


def _map(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _OddError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _OddError
    return value


def _named(config: Mapping[str, Any], plural: str, name: str, singular: str) -> object:
    entries = config.get(plural)
    found = [entry for entry in entries if _map(entry).get("name") == name] if isinstance(entries, list) else []
    if len(found) != 1:
        raise _OddError
    return found[0].get(singular)


def _pem(owner: Mapping[str, Any], name: str, folder: Path) -> str | None:
    """Return the path of a PEM file; what stands in the kubeconfig itself wins, and gets a file for this run."""
    if data := owner.get(f"{name}-data"):
        import tempfile  # noqa: PLC0415 - it loads much, and most certificates are files

        handle, path = tempfile.mkstemp(prefix="cosictl-", suffix=".pem")
        atexit.register(_remove, path)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64decode(_text(data), validate=True))
        return path
    if name not in owner:
        return None
    found = folder / _text(owner[name])
    if not found.is_file():
        raise _OddError
    return os.path.normpath(found)


def _remove(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
