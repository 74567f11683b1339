"""What a list or watch request asks for: its options, checked as a Kubernetes API server checks them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cosictl.sandbox.api.refusals import bad_request
from cosictl.sandbox.ports import ApiError

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_MATCHES: Final = ("Exact", "NotOlderThan")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """The options; ``timeout`` 0 is the server's own, ``version`` is "" where none was asked for."""

    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""
    version: str = ""
    match: str = ""
    watch: bool = False
    bookmarks: bool = False
    initial: bool | None = None
    timeout: int = 0


def list_options(query: Mapping[str, str]) -> ListOptions:
    """Return the options of a query. Raises ApiError 400 and 422."""
    options = ListOptions(
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
        limit=_number(query, "limit"),
        token=query.get("continue", ""),
        version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        watch=is_true(query, "watch"),
        bookmarks=is_true(query, "allowWatchBookmarks"),
        initial=is_true(query, "sendInitialEvents") if "sendInitialEvents" in query else None,
        timeout=_number(query, "timeoutSeconds"),
    )
    _check_versions(options)
    return options


def is_true(query: Mapping[str, str], key: str) -> bool:
    """Tell whether an option is set, in any of Go's spellings."""
    return query.get(key, "") in _TRUE


def _number(query: Mapping[str, str], key: str) -> int:
    text = query.get(key, "")
    if not text:
        return 0
    try:
        return max(0, int(text))
    except ValueError as error:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error


def _check_versions(options: ListOptions) -> None:
    if options.version and not options.version.isdigit():
        raise _refused("resourceVersion", f'Invalid value: "{options.version}": strconv.ParseUint: invalid syntax')
    if options.match and options.match not in _MATCHES:
        choices = ", ".join(f'"{one}"' for one in _MATCHES)
        raise _refused("resourceVersionMatch", f'Unsupported value: "{options.match}": supported values: {choices}')
    if options.watch:
        if options.initial is not None and options.match != "NotOlderThan":
            raise forbidden_option(
                "resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch=NotOlderThan"
            )
        if options.initial is None and options.match:
            raise forbidden_option(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            )
        return
    if options.initial is not None:
        raise forbidden_option("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if options.match and not options.version:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise forbidden_option("resourceVersionMatch", why)
    if options.match == "Exact" and options.version == "0":
        why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        raise forbidden_option("resourceVersionMatch", why)
    if options.token and options.version not in {"", "0"}:
        raise bad_request("specifying resource version is not allowed when using continue")


def forbidden_option(field: str, why: str) -> ApiError:
    """422: an option that may not be given with the others, or here."""
    return _refused(field, f"Forbidden: {why}", reason="FieldValueForbidden")


def _refused(field: str, why: str, *, reason: str = "FieldValueInvalid") -> ApiError:
    details = {
        "group": "meta.k8s.io",
        "kind": "ListOptions",
        "causes": [{"reason": reason, "message": why, "field": field}],
    }
    return ApiError(422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: {field}: {why}', details=details)
