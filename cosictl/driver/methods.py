"""Methods by name, and their messages as JSON: what ``call`` and ``reproduce`` send and show.

Field names are those of the contract (``bucket_id``); requests may also be written in proto3's camelCase. No .proto
files and no reflection are needed: both versions of the contract are compiled in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from cosictl.driver.wire import GET_INFO, Method, Wire
from cosictl.driver.wires import WIRES
from cosictl.errors import UsageError
from cosictl.model.masking import MASK
from cosictl.model.refs import Api, Rpc

# Inside ``credentials``: what tells where, and not with what (both versions of the contract).
_NO_SECRETS: Final = frozenset({"endpoint", "region", "expiryTs", "expiry_timestamp", "service_account"})
_SHORT: Final = {
    "info": GET_INFO,
    "create": Rpc.CREATE.value,
    "get": Rpc.GET_EXISTING.value,
    "delete": Rpc.DELETE.value,
    "grant": Rpc.GRANT.value,
    "revoke": Rpc.REVOKE.value,
}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, ready to be sent: its method in one version of the contract, and its message."""

    wire: Wire
    method: Method
    message: Any

    @property
    def api(self) -> Api:
        """The version of the contract."""
        return self.wire.api

    @property
    def path(self) -> str:
        """The HTTP/2 path."""
        return self.wire.path(self.method)

    @property
    def content(self) -> bytes:
        """The request on the wire."""
        return bytes(self.message.SerializeToString(deterministic=True))

    @property
    def document(self) -> Document:
        """The request as JSON."""
        return _document(self.message)


def method_names() -> tuple[str, ...]:
    """Every method of both versions, once."""
    return tuple(dict.fromkeys(name for wire in WIRES.values() for name in wire.methods))


def resolve(word: str, api: Api | None) -> tuple[tuple[Wire, Method], ...]:
    """Find a method: ``DriverCreateBucket``, ``create``, or a whole path, in each version that has it.

    ``api`` keeps one version. Raises UsageError for a word that names none.
    """
    package, _, name = word.strip("/").rpartition("/")
    wanted = _SHORT.get(name.lower(), name)
    wires = [wire for wire in WIRES.values() if api in (None, wire.api) and package.startswith((wire.package, ""))]
    if package:
        wires = [wire for wire in wires if package.rpartition(".")[0] == wire.package]
    found = []
    for wire in wires:
        method = next((row for row in wire.methods.values() if row.name.casefold() == wanted.casefold()), None)
        if method is not None and package in ("", f"{wire.package}.{method.service}"):
            found.append((wire, method))
    if not found:
        where = f" in {api}" if api is not None else ""
        raise UsageError(f'there is no method "{word}"{where}', next_step=f"try {', '.join(method_names())}")
    return tuple(found)


def planned(api: Api, name: str, request: object) -> Call:
    """Pack one of our requests (``types``, ``requests``) for one version of the contract."""
    wire = WIRES[api]
    method = wire.methods[name]
    return Call(wire=wire, method=method, message=method.encode(request))


def parsed(wire: Wire, method: Method, text: str) -> Call:
    """Read a request from JSON; raises UsageError that names the field."""
    try:
        tree = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the request is no JSON: {error}", next_step="see --template") from None
    if not isinstance(tree, dict):
        raise UsageError("the request is no JSON object", next_step="see --template")
    message = method.request()
    try:
        json_format.ParseDict(tree, message)
    except json_format.ParseError as error:
        raise UsageError(f"the request is no {message.DESCRIPTOR.name}: {error}", next_step="see --template") from None
    return Call(wire=wire, method=method, message=message)


def template(method: Method) -> Document:
    """Return an empty request with every field, one entry in each list."""
    return _blank(method.request.DESCRIPTOR)


def reply_document(call: Call, content: bytes) -> Document | None:
    """Read a reply as JSON; None where the bytes are no such message."""
    message = call.method.reply()
    try:
        message.ParseFromString(content)
    except DecodeError:
        return None
    return _document(message)


def without_secrets(document: Document) -> Document:
    """Return a reply with every credential masked."""
    if "credentials" not in document:
        return document
    return {**document, "credentials": _masked(document["credentials"])}


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: part if key in _NO_SECRETS else _masked(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_masked(part) for part in value]
    return MASK if value else value


def _document(message: Any) -> Document:
    found: Document = json_format.MessageToDict(message, preserving_proto_field_name=True)
    # Maps have no order of their own, and people compare what they see twice.
    return {name: dict(sorted(part.items())) if isinstance(part, dict) else part for name, part in found.items()}


def _blank(descriptor: Any) -> Document:
    return {field.name: _blank_field(field) for field in descriptor.fields}


def _blank_field(field: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {}
    if field.message_type is not None:
        value: Any = _blank(field.message_type)
    elif field.enum_type is not None:
        value = field.enum_type.values[0].name
    else:
        value = "" if field.cpp_type == field.CPPTYPE_STRING else field.default_value
    return [value] if _is_repeated(field) else value


def _is_repeated(field: Any) -> bool:
    # protobuf 7 has only the property, 5 has only the label.
    found = getattr(field, "is_repeated", None)
    return bool(found) if found is not None else field.label == field.LABEL_REPEATED
