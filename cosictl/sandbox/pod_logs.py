"""The logs of a sandbox's Pods, written from the calls that its drivers received. Pure.

The driver's container has a line for every call. The sidecar's has what a sidecar of that generation writes about
its driver: v0.2.2 names the object and, for an AlreadyExists, a reason, and leaves other refusals to its events; main
writes ERROR lines with the status (both recorded on running sidecars). A grant that answers AlreadyExists ends a
v1alpha1 sidecar: its log ends in the panic, and is from then on the one of the process before.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cosictl.model.refs import Api, Kind, Rpc
from cosictl.sandbox.api.refusals import bad_request
from cosictl.sandbox.backend import Call
from cosictl.sandbox.ports import ApiError

_BUCKETS: Final = "bucket_controller.go"
_ACCESSES: Final = "bucketaccess_controller.go"
_ACTS: Final = {
    Rpc.CREATE: (f"{_BUCKETS}:75", "Add Bucket"),
    Rpc.DELETE: (f"{_BUCKETS}:208", "Update Bucket"),
    Rpc.GRANT: (f"{_ACCESSES}:83", "Add BucketAccess"),
    Rpc.REVOKE: (f"{_ACCESSES}:311", "Update BucketAccess"),
}
# The end of a recorded log; where the files of the frames were is left out, as there.
_PANIC: Final = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x10 pc=0x1905a21]

goroutine 67 [running]:
sigs.k8s.io/container-object-storage-interface/sidecar/pkg/bucketaccess.(*BucketAccessListener).Add(0x17e1b04a2690)
\tPATH +0xd21
sigs.k8s.io/container-object-storage-interface/internal/runtime.(*ObjectStorageController).runController.func8()
\tPATH +0x4c
created by sigs.k8s.io/container-object-storage-interface/internal/runtime.(*ObjectStorageController).runController
\tPATH +0xa57"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log, with its moment."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The access that an account is made for, as a sidecar names it."""

    name: str
    namespace: str = ""
    claim: str = ""
    class_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request asks of a log. None: everything. ``previous``: of the process before."""

    tail: int | None = None
    since: datetime | None = None
    limit_bytes: int | None = None
    timestamps: bool = False
    previous: bool = False


Accounts = Mapping[str, Named]


def wanted(query: Iterable[tuple[str, str]], now: datetime) -> Wanted:
    """Read the parameters of ``pods/log``. Raises ApiError 400 and, for what is not played, 501."""
    given = {key: value for key, value in query if value not in {"", "false"}}
    if "follow" in given:
        raise ApiError(501, "NotImplemented", "the sandbox does not serve pods/log with follow", details={})
    try:
        seconds = int(given["sinceSeconds"]) if "sinceSeconds" in given else None
        moment = datetime.fromisoformat(given["sinceTime"]) if "sinceTime" in given else None
        return Wanted(
            tail=int(given["tailLines"]) if "tailLines" in given else None,
            since=moment if seconds is None else now - timedelta(seconds=seconds),
            limit_bytes=int(given["limitBytes"]) if "limitBytes" in given else None,
            timestamps="timestamps" in given,
            previous="previous" in given,
        )
    except ValueError as error:
        raise bad_request(f"a parameter of pods/log cannot be read: {error}") from None


def text_of(lines: Iterable[Line], ask: Wanted) -> bytes:
    """Return a log as it is sent."""
    kept = [line for line in lines if ask.since is None or line.at >= ask.since]
    if ask.tail is not None:
        kept = kept[max(0, len(kept) - ask.tail) :]
    shown = (f"{_stamp(line.at)} {line.text}\n" if ask.timestamps else f"{line.text}\n" for line in kept)
    return "".join(shown).encode()[: ask.limit_bytes]


def runs_of(calls: Iterable[Call], api: Api) -> list[list[Call]]:
    """Cut calls at the deaths of the sidecar; the last run is the one after the last death, perhaps without a call."""
    runs: list[list[Call]] = [[]]
    for call in calls:
        runs[-1].append(call)
        if is_deadly(call, api):
            runs.append([])
    return runs


def is_deadly(call: Call, api: Api) -> bool:
    """Whether a v1alpha1 sidecar, of whatever release, dies of an answer."""
    return api is Api.V1ALPHA1 and call.method == Rpc.GRANT and call.code == "AlreadyExists"


def driver_log(calls: Iterable[Call], began: datetime) -> Iterator[Line]:
    """Return what the driver's container wrote: a JSON line for each call."""
    for call in calls:
        at = began + timedelta(seconds=call.t)
        told = {"time": _stamp(at), "method": call.method, "key": call.key, "code": call.code, "message": call.message}
        yield Line(at, json.dumps(told))


def sidecar_log(calls: Iterable[Call], began: datetime, api: Api, accounts: Accounts | None = None) -> Iterator[Line]:
    """Return what the sidecar's container wrote about its driver; ``accounts`` names the accesses behind accounts."""
    for call in calls:
        at = began + timedelta(seconds=call.t)
        who = (accounts or {}).get(call.key, Named(name=call.key))
        texts = _klog(call, at, who) if api is Api.V1ALPHA1 else _zap(call, at, who)
        for text in texts:
            yield Line(at, text)


def _klog(call: Call, at: datetime, who: Named) -> Iterator[str]:
    place, act = _ACTS[Rpc(call.method)]
    head = f"{at:%m%d %H:%M:%S.%f}       1"
    if call.method == Rpc.GRANT:
        yield f'I{head} {place}] "{act}" name="{who.name}" bucketClaim="{who.claim}"'
        yield f'I{head} {_ACCESSES}:89] "{act}" name="{who.name}" BucketAccessClassName="{who.class_name}"'
    else:
        yield f'I{head} {place}] "{act}" name="{who.name}"'
    if call.method == Rpc.CREATE and call.code == "AlreadyExists":
        why = "driverCreateBucket returned a nil response"
        yield f'E{head} {_BUCKETS}:140] "Internal Error from driver" err="{why}" bucket="{call.key}"'
    if is_deadly(call, Api.V1ALPHA1):
        yield from _PANIC.splitlines()


def _zap(call: Call, at: datetime, who: Named) -> Iterator[str]:
    if call.code == "OK":
        return
    kind = Kind.ACCESS if call.method in {Rpc.GRANT, Rpc.REVOKE} else Kind.BUCKET
    fields = json.dumps(
        {
            "controller": kind.lower(),
            "controllerGroup": "objectstorage.k8s.io",
            "controllerKind": kind,
            "namespace": who.namespace,
            "name": who.name,
            "reconcileID": str(uuid5(NAMESPACE_URL, f"{call.method}/{call.key}/{call.t}")),
            "error": f"rpc error: code = {call.code} desc = {call.message}",
        }
    )
    yield f"{at:%Y-%m-%dT%H:%M:%SZ}\tERROR\t{call.method}Request error\t{fields}"
    yield f"{at:%Y-%m-%dT%H:%M:%SZ}\tERROR\tReconciler error\t{fields}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}000Z"
