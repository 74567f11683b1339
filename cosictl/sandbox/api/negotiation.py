"""Forms of requests and answers: media types, lists, continue tokens, and JSON errors in the words of Go. Pure."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from cosictl.sandbox.api.changelog import Key
from cosictl.sandbox.api.refusals import bad_request
from cosictl.sandbox.api.resources import Served
from cosictl.sandbox.api.tables import metadata_list, metadata_of, table
from cosictl.sandbox.ports import ApiError, Json, Resource

_ANY_JSON: Final = frozenset({"application/json", "application/*", "*/*"})
_SHOWN_BYTES: Final = 30


class Form(StrEnum):
    """How a client wants objects."""

    PLAIN = "plain"
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """How objects are shown: the form, what a table includes, and the time for ages."""

    form: Form
    include: str
    now: datetime


def form_of(accept: str) -> Form:
    """Return the first form of an Accept header that can be given. Raises ApiError 406."""
    for part in accept.split(",") if accept.strip() else ("*/*",):
        media, *options = (piece.strip() for piece in part.split(";"))
        if media not in _ANY_JSON:
            continue
        wanted = dict(option.split("=", 1) for option in options if "=" in option)
        if not wanted.get("as"):
            return Form.PLAIN
        if wanted.get("v") == "v1" and wanted.get("g") == "meta.k8s.io":
            found = {
                "Table": Form.TABLE,
                "PartialObjectMetadata": Form.METADATA,
                "PartialObjectMetadataList": Form.METADATA,
            }.get(wanted["as"])
            if found:
                return found
    raise ApiError(406, "NotAcceptable", "only the following media types are accepted: application/json")


def one(row: Served, value: Json, show: Show, *, headed: bool = True) -> Json:
    """Return one object in the form wished for."""
    if show.form is Form.TABLE:
        metadata = {"resourceVersion": value["metadata"]["resourceVersion"]}
        return table(row.resource, [value], metadata, show.now, include=show.include, headed=headed)
    return metadata_of(value) if show.form is Form.METADATA else value


def many(row: Served, items: Sequence[Json], show: Show, *, version: int, token: str, remaining: int) -> Json:
    """Return a list in the form wished for; ``remaining`` 0 is not said."""
    metadata: Json = {"resourceVersion": str(version)}
    if token:
        metadata["continue"] = token
    if remaining:
        metadata["remainingItemCount"] = remaining
    if show.form is Form.TABLE:
        return table(row.resource, items, metadata, show.now, include=show.include)
    if show.form is Form.METADATA:
        return metadata_list(items, metadata)
    resource = row.resource
    head: Json = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
    if row.custom:
        return head | {"metadata": metadata | {"continue": token}, "items": [*items]}
    # Items of built-in kinds carry neither kind nor version.
    bare = [{key: part for key, part in item.items() if key not in {"kind", "apiVersion"}} for item in items]
    return head | {"metadata": metadata, "items": bare}


def bookmark(resource: Resource, version: int, *, initial_end: bool) -> Json:
    """Return the object of a bookmark."""
    metadata: Json = {"resourceVersion": str(version), "creationTimestamp": None}
    if initial_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


def token_for(version: int, last: Key) -> str:
    """Return the continue token for what comes after a key, as of a version (-1: as of now)."""
    content = {"v": "meta.k8s.io/v1", "rv": version, "start": "/".join(last)}
    text = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_token(token: str) -> tuple[int, Key]:
    """Return version and key of a continue token. Raises ApiError 400."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise _bad_token("illegal base64 data at input byte 0") from error
    try:
        content = json.loads(text.decode("latin-1"))
        namespace, slash, name = str(content["start"]).partition("/")
        version = int(content["rv"])
    except json.JSONDecodeError as error:
        raise _bad_token(go_json_error(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _bad_token("the server does not recognize this encoded version") from error
    if not slash:
        raise _bad_token("the server does not recognize this encoded version")
    return version, (namespace, name)


def _bad_token(why: str) -> ApiError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")


def read_object(body: bytes, resource: Resource) -> Json:
    """Return the object in the body of a write. Raises ApiError 400."""
    head = f"the object provided is unrecognized (must be of type {resource.kind}): "
    try:
        value = json.loads(body)
    except json.JSONDecodeError as error:
        why = f"couldn't get version/kind; json parse error: {go_json_error(error)}"
        raise bad_request(f"{head}{why} ({_summary(body)})") from error
    except UnicodeDecodeError as error:
        raise bad_request(f"{head}couldn't get version/kind; json parse error: not UTF-8 ({_summary(body)})") from error
    if not isinstance(value, dict):
        why = "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct"
        raise bad_request(f"{head}{why} ({_summary(body)})")
    return value


def read_patch(body: bytes) -> Any:
    """Return what a patch holds. Raises ApiError 400."""
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise bad_request(f"error decoding patch: {go_json_error(error)}") from error
    except UnicodeDecodeError as error:
        raise bad_request("error decoding patch: not UTF-8") from error


_GO_WORDS: Final[Mapping[str, str]] = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}


def go_json_error(error: json.JSONDecodeError) -> str:
    """Return the error of Go's JSON decoder for what Python's refused."""
    if error.pos >= len(error.doc) or error.msg.startswith("Unterminated"):
        return "unexpected end of JSON input"
    sign = error.doc[error.pos]
    shown = sign if sign.isascii() and sign.isprintable() else f"\\u{ord(sign):04x}"
    shown = {"'": "\\'"}.get(shown, shown)
    return f"invalid character '{shown}' {_GO_WORDS.get(error.msg, 'looking for beginning of value')}"


def _summary(body: bytes) -> str:
    """Return how the server shows the beginning of a body that is no object."""
    if not body:
        return "<empty>"
    short = body[:_SHOWN_BYTES]
    text = short.decode("utf-8", "replace") if body.startswith(b"{") else short.hex()
    return f"{text} ..." if len(body) > _SHOWN_BYTES else text
