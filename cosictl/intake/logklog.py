"""klog text, as v1alpha1 components and many drivers write it.

``I1123 15:07:02.980962   26068 file.go:79] "message" key="value" key=value``: the header has neither year nor zone;
values are quoted as Go quotes them; one of several lines is a block (klog serialize). In: one line or block without
its line end. Out: a record, or None for the many lines that tell nothing about an object.
"""

import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct

from cosictl.intake.logtext import clean_name, iso_moment, klog_moment, names_in
from cosictl.model.logs import LogNames, LogRecord, Severity, Writer
from cosictl.model.refs import Kind, Rpc

HEADER: Final = re.compile(r"([IWEF])(\d{4} \d\d:\d\d:\d\d\.\d{6}) +\d+ ([\w.-]{1,100}):\d+\] ", re.ASCII)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_KEY: Final = re.compile(r"\s*([^\s=\"]{1,100})=")
_BARE: Final = re.compile(r"\S*")
# Names are those of Kubernetes objects: nothing else can stand there, and nothing in them is quoted.
_STARTED: Final = re.compile(r'"([A-Za-z ,]{1,80})" name="([a-z0-9.-]{1,253})"(?: bucketClaim="([a-z0-9.-]{1,253})")?')
_SEVERITIES: Final = {"I": Severity.INFO, "W": Severity.WARNING, "E": Severity.ERROR, "F": Severity.ERROR}

# The files of v0.2.2 that speak about objects, of sidecar/pkg/bucket, sidecar/pkg/bucketaccess, controller/pkg.
_ABOUT: Final = {
    "bucket_controller.go": (Writer.SIDECAR, Kind.BUCKET),
    "bucketaccess_controller.go": (Writer.SIDECAR, Kind.ACCESS),
    "bucketclaim.go": (Writer.CONTROLLER, Kind.CLAIM),
}
# Files of client-go, which every program that talks to Kubernetes contains.
_PLUMBING: Final = frozenset({"reflector.go", "event.go", "leaderelection.go", "request.go", "controller.go", "cmd.go"})
# What the sidecar says when it takes an object up (v0.2.2 bucket_controller.go:75, bucketaccess_controller.go:83; the
# second line of an access, :89, has its class instead of its claim and is no further attempt).
STARTS: Final = {
    ("bucket_controller.go", "Add Bucket"): Rpc.CREATE,
    ("bucket_controller.go", "Update Bucket"): Rpc.DELETE,
    ("bucketaccess_controller.go", "Add BucketAccess"): Rpc.GRANT,
    ("bucketaccess_controller.go", "Update BucketAccess"): Rpc.REVOKE,
    ("bucketaccess_controller.go", "BucketAccess has deletion timestamp, handling deletion"): Rpc.REVOKE,
}
# client-go tools/record/event.go: the event in it holds the failure's own words, where no event could be written.
_UNWRITTEN: Final = "Unable to write event"
_EVENT: Final = re.compile(
    r"InvolvedObject:ObjectReference\{Kind:(\w{0,40}),Namespace:([a-z0-9.-]{0,253}),Name:([a-z0-9.-]{0,253}),"
    r"UID:([0-9A-Za-z-]{0,64}),.{0,400}?\},Reason:(\w{0,60}),Message:",
    re.ASCII | re.DOTALL,
)
_EVENT_ENDS: Final = ",Source:EventSource{Component:"
_HAPPENED: Final = re.compile(r"LastTimestamp:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d{1,9})? \+0000 UTC")

# Bodies up to this length are remembered; longer ones hold whole events and hardly repeat.
_SHORT: Final = 400


class _Said(Struct, frozen=True, kw_only=True):
    """What one line says, whenever it was said. ``rpc`` is there where it takes an object up.

    ``moment`` is when it happened, where that was before it was written down.
    """

    writer: Writer
    names: LogNames
    text: str = ""
    rpc: Rpc | None = None
    moment: datetime | None = None


def parse_klog(line: str, header: re.Match[str], reference: datetime, writer: Writer) -> LogRecord | None:
    """Read one klog line or block, whose ``header`` is the match of HEADER.

    ``reference`` is a time near it; ``writer`` is who is known to write this log, UNKNOWN lets the line tell.
    """
    letter, stamp, source = header.groups()
    body = line[header.end() :]
    said = (_cached if len(body) < _SHORT else _said)(letter, source, body, writer)
    if said is None:
        return None
    return LogRecord(
        moment=said.moment or klog_moment(stamp, reference),
        severity=_SEVERITIES[letter],
        writer=said.writer,
        text=said.text,
        names=said.names,
        rpc=said.rpc,
        is_attempt=said.rpc is not None,
        is_repeat=said.moment is not None,
    )


def _said(letter: str, source: str, body: str, writer: Writer) -> _Said | None:
    """Read what stands behind a header."""
    own, kind = _ABOUT.get(source, (Writer.UNKNOWN if source in _PLUMBING else Writer.DRIVER, ""))
    if writer is Writer.UNKNOWN:
        writer = own
    elif writer is not own:
        # A file of that name in another program says nothing about COSI's own steps.
        kind, source = "", ""
    if letter == "W" or (letter == "I" and source not in _ABOUT):
        return None
    if letter == "I":
        return _start(source, body, kind, writer)
    message, fields = take_apart(body)
    if message.startswith(_UNWRITTEN):
        return _unwritten(fields.get("event", ""), writer)
    return _Said(writer=writer, names=_names(message, fields, kind), text=_failure(message, fields))


def _start(source: str, body: str, kind: str, writer: Writer) -> _Said | None:
    """Read a line that takes an object up; its form is fixed, so that most lines need not be taken apart."""
    found = _STARTED.fullmatch(body)
    rpc = STARTS.get((source, found[1])) if found is not None else None
    # The second line of an access is no further attempt.
    if found is None or rpc is None or (rpc is Rpc.GRANT and not found[3]):
        return None
    if kind == Kind.ACCESS:
        return _Said(writer=writer, names=LogNames(kind=kind, access=found[2], claim=found[3] or ""), rpc=rpc)
    return _Said(writer=writer, names=LogNames(kind=kind, bucket=found[2]), rpc=rpc)


# The same few things are said about the same objects again and again.
_cached = lru_cache(maxsize=2048)(_said)


def take_apart(body: str) -> tuple[str, dict[str, str]]:
    """Return the message of a line and its fields; a line that is not structured is all message."""
    quoted = _QUOTED.match(body)
    if quoted is None:
        return body, {}
    fields: dict[str, str] = {}
    position = quoted.end()
    while key := _KEY.match(body, position):
        value = _QUOTED.match(body, key.end()) or _BARE.match(body, key.end())
        if value is None:
            break
        fields.setdefault(key[1], _unquoted(value[0]))
        position = value.end()
    return _unquoted(quoted[0]), fields


def join_block(lines: list[str]) -> str:
    """Return a block (``key=<``, lines that begin with a tab, and `` >`` with what follows) as one quoted line."""
    head, *inner = lines
    end = inner.pop() if inner and inner[-1].startswith(" >") else " >"
    text = "\n".join(line.removeprefix("\t") for line in inner)
    return head.removesuffix("<") + json.dumps(text) + end[2:]


def _unquoted(value: str) -> str:
    if not value.startswith('"') or len(value) < 2:
        return value
    if "\\" not in value:
        return value[1:-1]
    try:
        return str(json.loads(value, strict=False))
    except ValueError:
        # Go also writes \x1b, \a, \v and \U, which JSON does not know; they may stay as they are.
        return value[1:-1].replace('\\"', '"')


def _failure(message: str, fields: dict[str, str]) -> str:
    """Return the failure in the words of the error that the handler returns, where the line repeats them."""
    error = fields.get("err", "") or fields.get("error", "")
    if not error or error == "<nil>":
        return message
    # "Failed to fetch bucket" in the log is "failed to fetch bucket: …" everywhere else.
    said = message[0].lower() + message[1:] if message.startswith("Failed ") else message
    return f"{said}: {error}"


def _names(message: str, fields: dict[str, str], kind: str) -> LogNames:
    if kind == Kind.ACCESS and message == "BucketAccess":
        # v0.2.2 bucketaccess_controller.go:191,199 give the name where a key should stand.
        odd = next((key for key, value in fields.items() if value == "(MISSING)"), "")
        return LogNames(kind=kind, access=clean_name(odd))
    return names_in(fields, kind=kind)


def _unwritten(event: str, writer: Writer) -> _Said | None:
    """Return the failure inside an event that could not be written."""
    found = _EVENT.search(event)
    end = event.rfind(_EVENT_ENDS)
    if found is None or end < found.end():
        return None
    kind, namespace, name, uid, _ = found.groups()
    place = {Kind.BUCKET: "bucket", Kind.ACCESS: "access", Kind.CLAIM: "claim"}
    if kind not in place or not name:
        return None
    by_kind = {place[Kind(kind)]: name}
    component = event[end + len(_EVENT_ENDS) :]
    # The writing is tried again for minutes; when it happened stands in the event.
    when = _HAPPENED.search(component)
    if writer in {Writer.UNKNOWN, Writer.DRIVER}:
        writer = Writer.CONTROLLER if component.startswith("cosi-controller") else Writer.SIDECAR
    return _Said(
        writer=writer,
        names=LogNames(kind=kind, namespace=namespace, uid=uid, **by_kind),
        text=event[found.end() : end],
        moment=iso_moment(f"{when[1]}{(when[2] or '')[:7]}+00:00") if when is not None else None,
    )
