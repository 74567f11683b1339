"""A kubeconfig as a component outside the sandbox reads it: which server, whom to trust, and who it is.

Only what a file can hold: tokens, certificates and keys, in the file or beside it. Programs that fetch credentials are
run by the official client (``cluster.connect``), not here.
"""

import base64
import binascii
import json
import os
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cosictl.intake.yamldoc import YamlError, yaml_documents

_IN_CLUSTER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_FETCHED: Final = ("exec", "auth-provider")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An API server and who we are there. ``trust`` checks its certificate and may show ours."""

    url: str
    token: str = field(default="", repr=False)
    trust: ssl.SSLContext = field(repr=False)


def server_of(paths: Sequence[Path]) -> Server:
    """Read kubeconfig files, the first one's word counting most, as kubectl does; without any, that of a Pod.

    Raises ValueError, in words for people, where they cannot be read or name no server.
    """
    trees = [(_tree(path), path.parent) for path in paths if path.is_file()]
    if not trees:
        return _in_cluster(", ".join(str(path) for path in paths))
    current = next((tree["current-context"] for tree, _ in trees if tree.get("current-context")), "")
    context, _ = _entry(trees, "context", current)
    cluster, beside_cluster = _entry(trees, "cluster", context.get("cluster"))
    user, beside_user = _entry(trees, "user", context.get("user"))
    if not cluster.get("server"):
        raise ValueError("the kubeconfig names no server")
    fetched = next((name for name in _FETCHED if user.get(name)), "")
    if fetched:
        raise ValueError(f"the kubeconfig fetches its credentials with {fetched}, which is not supported here")
    trust = _trust(cluster, beside_cluster)
    certificate = _pem(user, "client-certificate", beside_user)
    if certificate:
        _show(trust, certificate, _pem(user, "client-key", beside_user))
    token = str(user.get("token") or "")
    if not token and user.get("tokenFile"):
        token = _read(beside_user / str(user["tokenFile"])).strip()
    return Server(url=str(cluster["server"]).rstrip("/"), token=token, trust=trust)


def kubeconfig_paths(option: str) -> tuple[Path, ...]:
    """Return the files to read: of an option, else of KUBECONFIG, else kubectl's own."""
    given = option or os.environ.get("KUBECONFIG") or "~/.kube/config"
    return tuple(Path(path).expanduser() for path in given.split(os.pathsep) if path)


def _tree(path: Path) -> Mapping[str, Any]:
    text = _read(path)
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else next(yaml_documents(text), None)
    except (ValueError, YamlError) as error:
        raise ValueError(f"{path}: is no kubeconfig: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: is no kubeconfig")
    return found


def _entry(trees: Sequence[tuple[Mapping[str, Any], Path]], kind: str, name: object) -> tuple[Mapping[str, Any], Path]:
    """Return the first entry of a name, and the folder that its relative paths start from."""
    plural = f"{kind}s"
    for tree, beside in trees:
        entries = tree.get(plural)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(kind), dict):
                return entry[kind], beside
    raise ValueError(f'the kubeconfig has no {kind} "{name or ""}"')


def _trust(cluster: Mapping[str, Any], beside: Path) -> ssl.SSLContext:
    authority = _pem(cluster, "certificate-authority", beside)
    try:
        trust = ssl.create_default_context(cadata=authority or None)
    except ssl.SSLError as error:
        raise ValueError(f"the certificate authority of the kubeconfig cannot be used: {error}") from None
    if cluster.get("insecure-skip-tls-verify"):
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    return trust


def _show(trust: ssl.SSLContext, certificate: str, key: str) -> None:
    """Make a context show a client certificate; it is on disk for a moment, readable by its owner only."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        Path(file.name).chmod(0o600)
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        try:
            trust.load_cert_chain(file.name)
        except ssl.SSLError as error:
            raise ValueError(f"the client certificate of the kubeconfig cannot be used: {error}") from None


def _pem(entry: Mapping[str, Any], name: str, beside: Path) -> str:
    """Return what an entry holds (``NAME-data``, in base64) or points to (``NAME``, a file); "" for neither."""
    data = entry.get(f"{name}-data")
    if data:
        try:
            return base64.b64decode(str(data), validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError(f"{name}-data of the kubeconfig is no certificate in base64") from None
    return _read(beside / str(entry[name])) if entry.get(name) else ""


def _in_cluster(searched: str) -> Server:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (_IN_CLUSTER / "token").is_file():
        raise ValueError(f"there is no kubeconfig at {searched}, and this is no Pod")
    address = f"[{host}]" if ":" in host else host
    trust = ssl.create_default_context(cadata=_read(_IN_CLUSTER / "ca.crt"))
    return Server(url=f"https://{address}:{port}", token=_read(_IN_CLUSTER / "token").strip(), trust=trust)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ValueError(f"{path}: cannot be read: {reason or error}") from None
