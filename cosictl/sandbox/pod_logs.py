"""The logs of a sandbox's Pods, written from the calls that its drivers received. Pure.

The driver's container has a line for every call. The sidecar's has what a sidecar of that generation writes about
its driver: v0.2.2 names the object and, for an AlreadyExists, a reason, and leaves other refusals to its events; main
writes ERROR lines with the status (both recorded on running sidecars).
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cosictl.model.refs import Api, Rpc
from cosictl.sandbox.api.refusals import bad_request
from cosictl.sandbox.backend import Call
from cosictl.sandbox.ports import ApiError

_ACTS: Final = {
    Rpc.CREATE: ("bucket_controller.go:75", "Add Bucket", "name"),
    Rpc.DELETE: ("bucket_controller.go:175", "Deleting bucket", "name"),
    Rpc.GRANT: ("bucketaccess_controller.go:83", "Add BucketAccess", "name"),
    Rpc.REVOKE: ("bucketaccess_controller.go:211", "Revoking access", "name"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log, with its moment."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request asks of a log. None: everything."""

    tail: int | None = None
    since: datetime | None = None
    limit_bytes: int | None = None
    timestamps: bool = False


def wanted(query: Iterable[tuple[str, str]], now: datetime) -> Wanted:
    """Read the parameters of ``pods/log``. Raises ApiError 400 and, for what is not played, 501."""
    given = {key: value for key, value in query if value not in {"", "false"}}
    for name in ("follow", "previous"):
        if name in given:
            raise ApiError(501, "NotImplemented", f"the sandbox does not serve pods/log with {name}", details={})
    try:
        seconds = int(given["sinceSeconds"]) if "sinceSeconds" in given else None
        moment = datetime.fromisoformat(given["sinceTime"]) if "sinceTime" in given else None
        return Wanted(
            tail=int(given["tailLines"]) if "tailLines" in given else None,
            since=moment if seconds is None else now - timedelta(seconds=seconds),
            limit_bytes=int(given["limitBytes"]) if "limitBytes" in given else None,
            timestamps="timestamps" in given,
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


def driver_log(calls: Iterable[Call], began: datetime) -> Iterator[Line]:
    """Return what the driver's container wrote: a JSON line for each call."""
    for call in calls:
        at = began + timedelta(seconds=call.t)
        yield Line(at, json.dumps({"time": _stamp(at), "method": call.method, "key": call.key, "code": call.code}))


def sidecar_log(calls: Iterable[Call], began: datetime, api: Api) -> Iterator[Line]:
    """Return what the sidecar's container wrote about its driver."""
    for call in calls:
        at = began + timedelta(seconds=call.t)
        texts = _klog(call, at) if api is Api.V1ALPHA1 else _zap(call, at)
        for text in texts:
            yield Line(at, text)


def _klog(call: Call, at: datetime) -> Iterator[str]:
    place, act, key = _ACTS[Rpc(call.method)]
    head = f"{at:%m%d %H:%M:%S.%f}       1"
    yield f'I{head} {place}] "{act}" {key}="{call.key}"'
    if call.method == Rpc.CREATE and call.code == "AlreadyExists":
        why = "driverCreateBucket returned a nil response"
        yield f'E{head} bucket_controller.go:140] "Internal Error from driver" err="{why}" bucket="{call.key}"'


def _zap(call: Call, at: datetime) -> Iterator[str]:
    if call.code == "OK":
        return
    words = {"error": f"rpc error: code = {call.code} desc = {call.message}"}
    fields = json.dumps({"controller": "bucket", "name": call.key, **words})
    yield f"{at:%Y-%m-%dT%H:%M:%SZ}\tERROR\t{call.method}Request error\t{fields}"
    yield f"{at:%Y-%m-%dT%H:%M:%SZ}\tERROR\tReconciler error\t{fields}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}000Z"
