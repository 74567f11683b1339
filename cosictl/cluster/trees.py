"""Read some objects of one kind exactly as the server has them: those with a label, or those that a field selects."""

import json
from typing import Any, Final

from cosictl.cluster.connect import Connection
from cosictl.cluster.noanswer import NoAnswerError
from cosictl.cluster.reader import CHUNK_SIZE, ask
from cosictl.cluster.translate import unreachable, words_of
from cosictl.cluster.writer import Place
from cosictl.errors import ClusterError

_OK, _NOT_FOUND, _EXPIRED = 200, 404, 410
_TRIES: Final = 3


def list_trees(
    conn: Connection, api_version: str, plural: str, *, namespace: str = "", labels: str = "", fields: str = ""
) -> list[dict[str, Any]]:
    """Return objects, chunk by chunk; none where the cluster has no such resource. Raises ClusterError.

    ``namespace`` empty is every namespace; ``labels`` and ``fields`` are selectors in the server's grammar.
    """
    path = Place(api_version=api_version, plural=plural, namespace=namespace, name="").collection
    params = {"limit": str(CHUNK_SIZE)}
    params |= {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}
    for _ in range(_TRIES):
        found = _all(conn, path, params)
        if found is not None:
            return found
    raise ClusterError(f"{plural} cannot be listed: the list changes faster than it can be read")


def _all(conn: Connection, path: str, params: dict[str, str]) -> list[dict[str, Any]] | None:
    """Follow the continue tokens; None where one expired on the way."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        more = {"continue": token} if token else {}
        try:
            answer = ask(conn, path, params | more)
        except NoAnswerError as error:
            raise unreachable(conn.source, error) from error
        if answer.status == _NOT_FOUND:
            return []
        if answer.status == _EXPIRED:
            return None
        if answer.status != _OK:
            raise ClusterError(words_of(answer.status, answer.body))
        tree = _tree(answer.body, path)
        found += [item for item in tree.get("items") or () if isinstance(item, dict) and "metadata" in item]
        token = str((tree.get("metadata") or {}).get("continue") or "")
        if not token:
            return found


def _tree(body: bytes, path: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ClusterError(f"{path}: the answer is cut off, or no JSON")
    return found
