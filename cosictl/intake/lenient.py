"""JSON bytes to typed structs, strictly and fast, else field by field, keeping whatever is usable.

In: the JSON text of one object. Out: a wire struct, or a plain tree. A field of the wrong type is dropped
(scalars are turned into each other where nothing is lost), so that one bad field never costs the object.
Only ``UndecodableError`` leaves this module.
"""

import json
import math
import re
import types
from datetime import datetime
from typing import TypeVar, Union, get_args, get_origin

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

# What msgspec raises for content: broken JSON or wrong types, bytes that are no UTF-8, nesting without end.
CONTENT_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)
_LARGEST = 2**63
_LONGEST_NUMBER = 19
_INTEGER = re.compile(r"-?[0-9]{1,18}")


class UndecodableError(ValueError):
    """The bytes are no JSON, or the object has no identity; the text says what is wrong."""


class _UnfitError(ValueError):
    """A value cannot become what its field holds."""


def decode(data: bytes, wanted: type[S]) -> S:
    """Decode one JSON object; raises ``UndecodableError`` where it is no JSON object at all."""
    try:
        return msgspec.json.decode(data, type=wanted)
    except CONTENT_ERRORS:
        return salvage(loads(data), wanted)


def loads(data: bytes) -> object:
    """Parse JSON into plain values; invalid UTF-8 and lone surrogates become U+FFFD."""
    try:
        return msgspec.json.decode(data)
    except CONTENT_ERRORS:
        pass
    try:
        tree: object = json.loads(data.decode("utf-8", "replace"), strict=False, parse_int=_integer)
        return _mend(tree)
    except RecursionError:
        raise UndecodableError("it is nested too deeply") from None
    except ValueError as error:
        raise UndecodableError(f"it is no JSON: {error}") from None


def dumps(tree: object) -> bytes:
    """Encode plain values with sorted keys, so that equal trees give equal bytes."""
    try:
        return msgspec.json.encode(tree, order="sorted")
    except RecursionError:
        raise UndecodableError("it is nested too deeply") from None


def salvage(value: object, wanted: type[S]) -> S:
    """Build a struct from plain values, leaving every field that does not fit at its default."""
    if not isinstance(value, dict):
        raise UndecodableError("it is no JSON object")
    fields: dict[str, object] = {}
    for field in msgspec.structs.fields(wanted):
        if field.encode_name in value:
            try:
                fields[field.name] = _fit(value[field.encode_name], field.type)
            except (_UnfitError, UndecodableError):
                continue
    return wanted(**fields)


def _fit(value: object, wanted: object) -> object:
    """Return ``value`` as the type ``wanted``; raises ``_UnfitError``."""
    origin = get_origin(wanted)
    if origin in {Union, types.UnionType}:
        if value is None:
            return None
        return _fit(value, next(option for option in get_args(wanted) if option is not types.NoneType))
    if origin is list:
        return _fit_list(value, get_args(wanted)[0])
    if origin is dict:
        return _fit_map(value, get_args(wanted)[1])
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        return salvage(value, wanted)
    return _fit_scalar(value, wanted)


def _fit_list(value: object, wanted: object) -> list[object]:
    if not isinstance(value, list):
        raise _UnfitError
    kept = []
    for item in value:
        try:
            kept.append(_fit(item, wanted))
        except (_UnfitError, UndecodableError):
            continue
    return kept


def _fit_map(value: object, wanted: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _UnfitError
    kept = {}
    for key, item in value.items():
        try:
            kept[str(key)] = _fit(item, wanted)
        except (_UnfitError, UndecodableError):
            continue
    return kept


def _fit_scalar(value: object, wanted: object) -> object:
    if wanted is str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
    elif wanted is bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value in {"true", "false"}:
            return value == "true"
    elif wanted is int:
        return _fit_integer(value)
    elif wanted is datetime and isinstance(value, str):
        try:
            return msgspec.convert(value, datetime)
        except CONTENT_ERRORS:
            raise _UnfitError from None
    raise _UnfitError


def _fit_integer(value: object) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST:
        return value
    raise _UnfitError


def _integer(digits: str) -> int | float:
    # Python refuses to read numbers of thousands of digits; as a float they are merely infinite.
    return int(digits) if len(digits) < _LONGEST_NUMBER else float(digits)


def _mend(value: object) -> object:
    """Replace what Python reads and JSON in UTF-8 cannot hold: lone surrogates, infinity and not-a-number."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_mend(item) for item in value]
    if isinstance(value, dict):
        return {_mend(key): _mend(item) for key, item in value.items()}
    return value
