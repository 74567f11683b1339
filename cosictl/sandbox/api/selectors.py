"""Label and field selectors, in the grammar and with the refusals of a Kubernetes API server. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cosictl.sandbox.api.refusals import bad_request
from cosictl.sandbox.api.resources import COSI_GROUP, EVENTS, EVENTS_V1, NAMESPACES, PODS, SECRETS
from cosictl.sandbox.ports import Json, Resource

Test = Callable[[Json], bool]

_KEY: Final = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET: Final = re.compile(rf"^(?P<key>{_KEY})\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL: Final = re.compile(rf"^(?P<key>{_KEY})\s*(?P<op>==|!=|=|>|<)\s*(?P<value>[-A-Za-z0-9_.]*)$")
_EXISTS: Final = re.compile(rf"^(?P<op>!?)\s*(?P<key>{_KEY})$")

# The names in events.k8s.io/v1 of what the core API calls otherwise.
_EVENT_PARTS: Final = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_EVERYWHERE: Final = ("metadata.name", "metadata.namespace")
_FIELDS: Final[Mapping[Resource, tuple[str, ...]]] = {
    EVENTS: (*(f"involvedObject.{part}" for part in _EVENT_PARTS), "reason", "reportingComponent", "source", "type"),
    EVENTS_V1: (*(f"regarding.{part}" for part in _EVENT_PARTS), "reason", "reportingController", "type"),
    PODS: (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    NAMESPACES: ("status.phase",),
    SECRETS: ("type",),
}


@dataclass(frozen=True, slots=True)
class _Term:
    key: str
    op: str
    values: frozenset[str]


def label_test(text: str) -> Test | None:
    """Return the test of a label selector; None selects everything. Raises ApiError 400."""
    terms = [_label_term(part.strip(), text) for part in _split_labels(text)]
    if not terms:
        return None

    def fits(value: Json) -> bool:
        labels = value["metadata"].get("labels") or {}
        return all(_fits(term, labels.get(term.key)) for term in terms)

    return fits


def field_test(resource: Resource, text: str) -> Test | None:
    """Return the test of a field selector for the objects of a resource, as they are kept. Raises ApiError 400."""
    terms = [_field_term(resource, part) for part in _split_fields(text)]
    if not terms:
        return None

    def fits(value: Json) -> bool:
        return all((_field(value, path) == wanted) == equal for path, wanted, equal in terms)

    return fits


def _split_labels(text: str) -> Iterator[str]:
    """Split at commas that are not inside the brackets of a set."""
    depth, start = 0, 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    if text.strip():
        yield text[start:]


def _label_term(part: str, whole: str) -> _Term:
    found = _SET.match(part)
    if found:
        return _Term(found["key"], found["op"], frozenset(value.strip() for value in found["values"].split(",")))
    found = _EQUAL.match(part)
    if found and not (found["op"] in "<>" and not found["value"].lstrip("-").isdigit()):
        return _Term(found["key"], found["op"], frozenset({found["value"]}))
    found = _EXISTS.match(part)
    if found:
        return _Term(found["key"], "!" if found["op"] else "exists", frozenset())
    raise bad_request(f"unable to parse requirement: found {part!r} in the label selector {whole!r}")


def _fits(term: _Term, value: str | None) -> bool:
    match term.op:
        case "exists":
            return value is not None
        case "!":
            return value is None
        case "in" | "=" | "==":
            return value in term.values
        case "notin" | "!=":
            return value not in term.values
        case _:
            (bound,) = term.values
            if value is None or not value.lstrip("-").isdigit():
                return False
            return int(value) > int(bound) if term.op == ">" else int(value) < int(bound)


def _split_fields(text: str) -> Iterator[str]:
    """Split at commas that no backslash escapes."""
    yield from (part for part in re.split(r"(?<!\\),", text) if part)


def _field_term(resource: Resource, part: str) -> tuple[str, str, bool]:
    found = re.match(r"^(?P<path>[^=!]*)(?P<op>==|!=|=)(?P<value>.*)$", part)
    if not found:
        raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    path = found["path"]
    if path not in _EVERYWHERE and path not in _FIELDS.get(resource, ()):
        raise bad_request(_unknown_field(resource, path))
    value = re.sub(r"\\([,=\\])", r"\1", found["value"])
    return path.replace("regarding.", "involvedObject."), value, found["op"] != "!="


def _unknown_field(resource: Resource, path: str) -> str:
    if resource.group == COSI_GROUP or resource in _FIELDS:
        return f"field label not supported: {path}"
    return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _field(value: Json, path: str) -> str:
    if path == "source":
        return str(_at(value, "source.component") or _at(value, "reportingComponent"))
    if path == "reportingController":
        return _at(value, "reportingComponent")
    return _at(value, path)


def _at(value: Any, path: str) -> str:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
