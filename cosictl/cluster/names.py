"""Names of objects for shell completion: quick, and silent about every failure."""

import msgspec

from cosictl.cluster.connect import Connection
from cosictl.cluster.lists import GROUP, VERSIONS
from cosictl.cluster.noanswer import NoAnswerError
from cosictl.intake.lenient import CONTENT_ERRORS

_CLUSTER_SCOPED = frozenset({"buckets", "bucketclasses", "bucketaccessclasses"})


class _Meta(msgspec.Struct):
    name: str = ""


class _Item(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)


class _Names(msgspec.Struct):
    items: list[_Item] = msgspec.field(default_factory=list)


def object_names(conn: Connection, resource: str, namespace: str, timeout: float = 1.0) -> list[str]:
    """Return the names of a COSI resource (a plural) in a namespace, or [] when anything at all goes wrong.

    ``timeout`` is in seconds and holds for each of the at most two requests.
    """
    where = "" if resource in _CLUSTER_SCOPED or not namespace else f"/namespaces/{namespace}"
    for version in VERSIONS:
        try:
            answer = conn.get(f"/apis/{GROUP}/{version}{where}/{resource}", {"limit": "500"}, timeout=timeout)
            if answer.status == 200:
                found = msgspec.json.decode(answer.body, type=_Names)
                return sorted(item.metadata.name for item in found.items)
        except (NoAnswerError, *CONTENT_ERRORS):
            return []
    return []
