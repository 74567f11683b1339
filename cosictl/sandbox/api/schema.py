"""What the CRDs do to COSI objects: unknown fields vanish, defaults appear, and rules refuse. Pure.

The engine only; what it goes by are the rows of ``schema_rows``.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cosictl.sandbox.api.refusals import FieldError, invalid_value
from cosictl.sandbox.api.schema_rows import SHAPES
from cosictl.sandbox.api.shapes import Shape
from cosictl.sandbox.ports import Json, Resource

_KEPT: Final = frozenset({"apiVersion", "kind", "metadata"})
_PYTHON: Final[Mapping[str, type]] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
_SUBDOMAIN: Final = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")


def shaped(resource: Resource, value: Json) -> Json:
    """Return an object without what its CRD does not know and with its defaults."""
    shape = SHAPES.get(resource)
    if shape is None:
        return value
    known = _pruned(shape, {key: part for key, part in value.items() if key not in _KEPT})
    assert isinstance(known, dict)
    return {key: value[key] for key in value if key in _KEPT} | known


def schema_errors(resource: Resource, value: Json, old: Json | None) -> list[FieldError]:
    """Return what the CRD has against an object; against a change of ``old`` only where the rest is right."""
    shape = SHAPES.get(resource)
    if shape is None:
        return []
    found = list(_wrong(shape, value, ""))
    return found or list(_rules(shape, value, old, ""))


def _pruned(shape: Shape, value: Any) -> Any:
    if isinstance(value, list) and shape.values is not None:
        return [_pruned(shape.values, item) for item in value]
    if not isinstance(value, dict) or shape.values is not None:
        return value
    found = {}
    for key, inner in shape.fields.items():
        part = value.get(key)
        if part is not None or (key in value and inner.nullable):
            found[key] = _pruned(inner, part)
        elif inner.default is not None:
            found[key] = inner.default
        elif key in value and key in shape.required:
            # An explicit null where a value has to be is told apart from nothing at all.
            found[key] = None
    return found


def _wrong(shape: Shape, value: Any, path: str) -> Iterator[FieldError]:
    """Yield what a single value breaks: type, presence, size, choice, pattern."""
    if value is None and shape.nullable:
        return
    if not isinstance(value, _PYTHON[shape.type]) or (shape.type == "integer" and isinstance(value, bool)):
        kind = _type_name(value)
        words = f'Invalid value: "{kind}": {path} in body must be of type {shape.type}: "{kind}"'
        yield FieldError(path, "FieldValueTypeInvalid", words)
        return
    yield from _wrong_size(shape, value, path)
    if isinstance(value, dict):
        yield from _wrong_fields(shape, value, path)
    elif isinstance(value, list):
        assert shape.values is not None
        for place, item in enumerate(value):
            yield from _wrong(shape.values, item, f"{path}[{place}]")
        yield from _duplicates(shape, value, path)
    elif isinstance(value, str):
        yield from _wrong_text(shape, value, path)


def _wrong_fields(shape: Shape, value: Json, path: str) -> Iterator[FieldError]:
    for key in shape.required:
        if value.get(key) is None and not (key in value and shape.fields[key].nullable):
            yield FieldError(_join(path, key), "FieldValueRequired", "Required value")
    for key, part in value.items():
        inner = shape.values or shape.fields.get(key)
        if inner is not None and (part is not None or inner.nullable):
            yield from _wrong(inner, part, _join(path, key))


def _wrong_text(shape: Shape, value: str, path: str) -> Iterator[FieldError]:
    if shape.enum and value not in shape.enum:
        choices = ", ".join(f'"{choice}"' for choice in shape.enum)
        words = f'Unsupported value: "{value}": supported values: {choices}'
        yield FieldError(path, "FieldValueNotSupported", words)
    if shape.pattern and not re.search(shape.pattern, value):
        yield invalid_value(path, f'"{value}"', f"{path} in body should match '{shape.pattern}'")


def _wrong_size(shape: Shape, value: Any, path: str) -> Iterator[FieldError]:
    if isinstance(value, bool | int):
        return
    size = len(value)
    noun = {"string": "chars long", "array": "items", "object": "properties"}[shape.type]
    if shape.most and size > shape.most:
        if shape.type == "string":
            words = f"Too long: may not be more than {shape.most} bytes"
            yield FieldError(path, "FieldValueTooLong", words)
        else:
            words = f"Too many: {size}: must have at most {shape.most} items"
            yield FieldError(path, "FieldValueTooMany", words)
    if size < shape.least:
        shown = f'"{value}"' if shape.type == "string" else str(size)
        verb = "be" if shape.type == "string" else "have"
        yield invalid_value(path, shown, f"{path} in body should {verb} at least {shape.least} {noun}")


def _duplicates(shape: Shape, value: list[Any], path: str) -> Iterator[FieldError]:
    seen: list[Any] = []
    for place, item in enumerate(value):
        mark = item.get(shape.unique_by) if isinstance(item, dict) else item
        if (shape.unique or shape.unique_by) and mark in seen:
            shown = f'{{"{shape.unique_by}":"{mark}"}}' if shape.unique_by else f'"{mark}"'
            yield FieldError(f"{path}[{place}]", "FieldValueDuplicate", f"Duplicate value: {shown}")
        seen.append(mark)


def _rules(shape: Shape, value: Any, old: Any, path: str) -> Iterator[FieldError]:
    """Yield the broken rules (x-kubernetes-validations), of changes only where there is something older."""
    if shape.subdomain and not (isinstance(value, str) and len(value) <= 253 and _SUBDOMAIN.match(value)):
        yield _broken(shape, path, f"{shape.subdomain} must be a valid resource name")
    if old is not None and shape.frozen and value != old:
        yield _broken(shape, path, shape.frozen)
    if not isinstance(value, dict):
        # Items of lists have no older self to compare with, but rules of their own.
        for place, item in enumerate(value if isinstance(value, list) else ()):
            assert shape.values is not None
            yield from _rules(shape.values, item, None, f"{path}[{place}]")
        return
    before = old if isinstance(old, dict) else {}
    if old is not None:
        yield from (_broken(shape, path, why) for key, why in shape.pinned if (key in before) != (key in value))
        yield from (_broken(shape, path, why) for key, why in shape.kept if key in before and key not in value)
    if shape.exactly_one and sum(key in value for key in shape.exactly_one) != 1:
        names = " ".join(shape.exactly_one)
        yield _broken(shape, path, f"exactly one of the fields in [{names}] must be set")
    for key, inner in shape.fields.items():
        if value.get(key) is not None:
            yield from _rules(inner, value[key], before.get(key), _join(path, key))


def _broken(shape: Shape, path: str, why: str) -> FieldError:
    return invalid_value(path, f'"{shape.type}"', why)


def _type_name(value: Any) -> str:
    for name, kind in (("boolean", bool), *_PYTHON.items()):
        if isinstance(value, kind):
            return name
    return "null" if value is None else "number"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def unknown_fields(resource: Resource, value: Json) -> list[str]:
    """Return the paths of what will be dropped from an object, or from a part of one; metadata does not count."""
    shape = SHAPES.get(resource)
    if shape is None:
        return []
    return list(_unknown(shape, {key: part for key, part in value.items() if key not in _KEPT}, ""))


def _unknown(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for place, item in enumerate(value if shape.values else ()):
            assert shape.values is not None
            yield from _unknown(shape.values, item, f"{path}[{place}]")
    elif isinstance(value, dict) and shape.values is None and shape.type == "object":
        for key, part in value.items():
            if key in shape.fields:
                yield from _unknown(shape.fields[key], part, _join(path, key))
            else:
                yield _join(path, key)
