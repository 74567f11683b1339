"""The cluster as a measurement wants it: objects made, patched and removed by their UIDs; a kubeconfig for others."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cosictl.cluster.connect import Connection
from cosictl.cluster.trees import list_trees
from cosictl.cluster.writer import Place, read_object, write
from cosictl.errors import ClusterError
from cosictl.flows.measuring.ports import Thing, Tree
from cosictl.model.plan import Fate, Sent

_JSON: Final = "application/json"
_MERGE: Final = "application/merge-patch+json"
_JSON_PATCH: Final = "application/json-patch+json"
# A write that lost a race, or its answer, is tried again.
_TRIES: Final = 5
_NAME: Final = "cosictl-measure"


class ClusterPort:
    """Implements ``flows.measure_ports.Kube`` over a connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def create(self, plural: str, tree: Mapping[str, Any]) -> Thing:
        """Make an object; raises ClusterError."""
        meta = tree["metadata"]
        place = Place(
            api_version=tree["apiVersion"], plural=plural, namespace=meta.get("namespace", ""), name=meta["name"]
        )
        sent = write(self._conn, "POST", place.collection, tree, _JSON)
        # Where no answer came it may be there all the same.
        made = sent.body if sent.fate is Fate.DONE else read_object(self._conn, place) if _is_lost(sent) else None
        if made is None:
            raise ClusterError(f"{plural} {place.name} cannot be made: {sent.words or 'no answer came'}")
        uid = str(made["metadata"]["uid"])
        return Thing(api_version=place.api_version, plural=plural, namespace=place.namespace, name=place.name, uid=uid)

    def patch(self, thing: Thing, change: Mapping[str, Any], *, status: bool = False) -> None:
        """Apply a merge patch; the UID in it makes sure that it is the right object."""
        body = {**change, "metadata": {**change.get("metadata", {}), "uid": thing.uid}}
        path = _place(thing).path + ("/status" if status else "")
        sent = self._repeated("PATCH", path, body, _MERGE)
        if sent.fate not in {Fate.DONE, Fate.GONE}:
            raise ClusterError(f"{thing.plural} {thing.name} cannot be changed: {sent.words}")

    def remove(self, thing: Thing, *, force: bool = False) -> None:
        """Delete an object of that UID; with ``force`` its finalizers go too."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": thing.uid}}
        sent = self._repeated("DELETE", _place(thing).path, options, _JSON)
        # A conflict is another object of the same name: ours is gone.
        if sent.fate not in {Fate.DONE, Fate.GONE, Fate.CONFLICT}:
            raise ClusterError(f"{thing.plural} {thing.name} cannot be deleted: {sent.words}")
        if force and thing.plural != "namespaces":
            self._free(thing)

    def list(
        self, api_version: str, plural: str, *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> Sequence[Tree]:
        """Return objects."""
        return list_trees(self._conn, api_version, plural, namespace=namespace, labels=labels, fields=fields)

    def _free(self, thing: Thing) -> None:
        tree = read_object(self._conn, _place(thing))
        if tree is None or tree["metadata"].get("uid") != thing.uid or not tree["metadata"].get("finalizers"):
            return
        steps = [
            {"op": "test", "path": "/metadata/uid", "value": thing.uid},
            {"op": "remove", "path": "/metadata/finalizers"},
        ]
        sent = self._repeated("PATCH", _place(thing).path, steps, _JSON_PATCH)
        if sent.fate not in {Fate.DONE, Fate.GONE, Fate.CONFLICT}:
            raise ClusterError(f"{thing.plural} {thing.name} cannot be freed of its finalizers: {sent.words}")

    def _repeated(self, method: str, path: str, body: object, content_type: str) -> Sent:
        """Send a write that may be sent twice; the last answer counts."""
        sent = write(self._conn, method, path, body, content_type)
        for _ in range(_TRIES):
            if not _is_lost(sent) and not (sent.fate is Fate.CONFLICT and method == "PATCH"):
                break
            sent = write(self._conn, method, path, body, content_type)
        return sent


def kubeconfig_of(conn: Connection) -> str:
    """Return a kubeconfig (JSON is YAML) with the same server and the same rights, whatever options chose them."""
    settings = conn.settings
    cluster: dict[str, object] = {"server": conn.host}
    if not settings.verify_ssl:
        cluster["insecure-skip-tls-verify"] = True
    elif settings.ssl_ca_cert:
        cluster["certificate-authority-data"] = _encoded(settings.ssl_ca_cert)
    user: dict[str, object] = {}
    for name, value in conn.headers():
        if name == "Authorization" and value.startswith("Bearer "):
            user["token"] = value.removeprefix("Bearer ")
    if settings.cert_file and settings.key_file:
        user["client-certificate-data"] = _encoded(settings.cert_file)
        user["client-key-data"] = _encoded(settings.key_file)
    if settings.username:
        user |= {"username": settings.username, "password": settings.password}
    groups = [value for name, value in conn.impersonate if name == "Impersonate-Group"]
    user |= {"as-groups": groups} if groups else {}
    for name, value in conn.impersonate:
        if name == "Impersonate-User":
            user["as"] = value
    context = {"cluster": _NAME, "user": _NAME, "namespace": conn.namespace}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": cluster}],
        "users": [{"name": _NAME, "user": user}],
        "contexts": [{"name": _NAME, "context": context}],
        "current-context": _NAME,
    }
    return json.dumps(config, indent=2) + "\n"


def _encoded(path: str) -> str:
    return base64.b64encode(Path(path).read_bytes()).decode()


def _place(thing: Thing) -> Place:
    return Place(api_version=thing.api_version, plural=thing.plural, namespace=thing.namespace, name=thing.name)


def _is_lost(sent: Sent) -> bool:
    return sent.fate is Fate.LOST
