"""A dump as the start of a sandbox: its objects as they were, and a driver that goes on answering as recorded."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cosictl.model.failures import GrpcCode
from cosictl.model.objects import Access, Bucket
from cosictl.model.refs import Rpc
from cosictl.model.snapshot import Snapshot
from cosictl.sandbox.ports import Json

# grpc-go's String() of a status error; COSI's sidecars of both versions write it as it is.
_STATUS: Final = re.compile(r"rpc error: code = (\w+) desc = (.*)", re.DOTALL)
_CALLS: Final = {
    "FailedCreateBucket": Rpc.CREATE,
    "FailedDeleteBucket": Rpc.DELETE,
    "FailedGrantAccess": Rpc.GRANT,
    "FailedRevokeAccess": Rpc.REVOKE,
}
# kube-system is every cluster's own: a rehearsal must not pass for the cluster it is a copy of.
OWN_NAMESPACE: Final = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a driver answered when the dump was taken: the gRPC code and its words."""

    code: GrpcCode
    message: str


Answers = Mapping[tuple[Rpc, str], Answer]


def dump_objects(raw: Iterable[bytes]) -> Iterator[Json]:
    """Yield the objects of a dump, as ``intake`` kept them, without what the sandbox makes itself."""
    for data in raw:
        value: Json = json.loads(data)
        if not (value.get("kind") == "Namespace" and value["metadata"].get("name") == OWN_NAMESPACE):
            yield value


def namespaces_of(objects: Iterable[Json]) -> frozenset[str]:
    """Return the namespaces that the objects live in."""
    return frozenset(value["metadata"].get("namespace", "") for value in objects) - {""}


def recorded_answers(snapshot: Snapshot) -> Answers:
    """Return what the driver answered last about every Bucket and access that still shows it.

    The key of an answer is what the driver is called with: the name of the Bucket object or of the account
    (``ba-<UID>``) to make one, the ID that the driver gave to be rid of it.
    """
    found: dict[tuple[Rpc, str], Answer] = {}
    called: tuple[Bucket | Access, ...] = (*snapshot.buckets, *snapshot.accesses)
    owners = {item.meta.uid: item for item in called if item.meta.uid}
    for event in sorted(snapshot.events, key=lambda event: event.last or event.first or snapshot.taken_at):
        owner, call = owners.get(event.about_uid), _CALLS.get(event.reason)
        if owner is not None and call is not None:
            found |= _answer(owner, call, event.message)
    for item in owners.values():
        if item.error is not None:
            found |= _answer(item, _pending(item), item.error.message)
    return found


def _pending(item: Bucket | Access) -> Rpc:
    going = item.meta.deleted is not None
    if isinstance(item, Bucket):
        return Rpc.DELETE if going else Rpc.GET_EXISTING if item.existing_id else Rpc.CREATE
    return Rpc.REVOKE if going else Rpc.GRANT


def _answer(item: Bucket | Access, call: Rpc, text: str) -> dict[tuple[Rpc, str], Answer]:
    match = _STATUS.search(text)
    code = next((code for code in GrpcCode if match is not None and code.value == match[1]), None)
    if match is None or code is None:
        return {}
    if isinstance(item, Bucket):
        key = item.bucket_id if call is Rpc.DELETE else item.existing_id or item.meta.name
    else:
        key = item.account_id if call is Rpc.REVOKE else f"ba-{item.meta.uid}"
    return {(call, key): Answer(code=code, message=match[2])} if key else {}
