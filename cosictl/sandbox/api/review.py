"""Reviews: what somebody asks about themselves, in JSON or, as kubectl sends it, in protobuf. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from cosictl.sandbox.api.access import ANONYMOUS, Ask, User, allows
from cosictl.sandbox.api.discovery import AUTHENTICATION, AUTHORIZATION
from cosictl.sandbox.api.negotiation import read_object
from cosictl.sandbox.api.refusals import bad_request, not_implemented
from cosictl.sandbox.ports import Json

PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_MAGIC: Final = b"k8s\0"
# Field numbers of k8s.io/api/authorization/v1 (generated.proto).
_RAW, _SPEC, _RESOURCE_ATTRIBUTES = 2, 2, 1
_ATTRIBUTES: Final = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}


def read_review(body: bytes, content_type: str) -> Json:
    """Return the ``spec`` of a review. Raises ApiError 400, and 501 for paths that are no resources."""
    if content_type == PROTOBUF:
        return {"resourceAttributes": _attributes(body)}
    spec: Any = read_object(body, AUTHORIZATION).get("spec")
    if isinstance(spec, dict) and isinstance(spec.get("resourceAttributes"), dict):
        return spec
    raise not_implemented("access reviews of paths that are no resources")


def reviewed(user: User, spec: Json) -> Json:
    """Return the answer to a review."""
    wanted = spec["resourceAttributes"]
    resource, part = str(wanted.get("resource", "")), wanted.get("subresource")
    ask = Ask(
        verb=str(wanted.get("verb", "")),
        group=str(wanted.get("group", "")),
        resource=f"{resource}/{part}" if part else resource,
        namespace=str(wanted.get("namespace", "")),
        name=str(wanted.get("name", "")),
    )
    return {
        "kind": AUTHORIZATION.kind,
        "apiVersion": AUTHORIZATION.api_version,
        "metadata": {},
        "spec": spec,
        "status": {"allowed": allows(user, ask)},
    }


def who(user: User) -> Json:
    """Return the answer to the question who asks (SelfSubjectReview), which says nothing that has to be read."""
    groups = ["system:unauthenticated"] if user is ANONYMOUS else ["system:authenticated"]
    return {
        "kind": AUTHENTICATION.kind,
        "apiVersion": AUTHENTICATION.api_version,
        "metadata": {},
        "status": {"userInfo": {"username": user.name, "groups": groups}},
    }


def _attributes(body: bytes) -> dict[str, Any]:
    """Unpack envelope, review, spec and resource attributes."""
    try:
        if not body.startswith(_MAGIC):
            raise ValueError("no protobuf of Kubernetes")
        inner = dict(_fields(body.removeprefix(_MAGIC)))[_RAW]
        spec = dict(_fields(dict(_fields(inner))[_SPEC]))
        if _RESOURCE_ATTRIBUTES not in spec:
            raise not_implemented("access reviews of paths that are no resources")
        return {_ATTRIBUTES[n]: text.decode() for n, text in _fields(spec[_RESOURCE_ATTRIBUTES]) if n in _ATTRIBUTES}
    except (KeyError, ValueError, IndexError) as error:
        raise bad_request(f"the access review cannot be read: {error}") from error


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of the length-delimited fields of a message; there are no others in a review."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        if key & 7 != 2:
            raise ValueError(f"field {key >> 3} is not of the expected type")
        size, place = _varint(message, place)
        if place + size > len(message):
            raise ValueError(f"field {key >> 3} is cut off")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
