"""What a write makes of an object: the rules on metadata, spec and status that hold for every kind. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cosictl.sandbox.api.refusals import (
    FieldError,
    bad_request,
    conflict,
    group_resource,
    invalid,
    invalid_value,
    modified,
)
from cosictl.sandbox.api.resources import EVENTS, EVENTS_V1, NAMESPACES, Served
from cosictl.sandbox.ports import Json

_LABEL: Final = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_SUBDOMAIN: Final = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_NAME_PART: Final = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
_BAD_LABEL: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_BAD_SUBDOMAIN: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_BAD_QUALIFIED: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_BAD_VALUE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_ANNOTATIONS_LIMIT: Final = 256 * 1024
# Set by the server alone; a writer may leave them out or repeat them.
_FIXED: Final = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def created(row: Served, value: Json, namespace: str, *, uid: str, now: str) -> Json:
    """Return a new object as it is stored, but for its resource version. Changes ``value``."""
    meta = _metadata(value)
    _own_kind(row, value, str(meta.get("name", "")))
    _place(row, meta, namespace)
    for key in (*_FIXED, "resourceVersion", "generation", "managedFields", "selfLink"):
        meta.pop(key, None)
    meta |= {"uid": uid, "creationTimestamp": now}
    if row.has_generation:
        meta["generation"] = 1
    if row.has_status:
        value.pop("status", None)
    _without_empty(meta)
    return value


def updated(row: Served, old: Json, value: Json, *, subresource: str, patched: bool) -> Json:
    """Return an existing object as it is stored after a write, but for its resource version. Changes ``value``.

    ``patched``: the write is a patch, which refuses a wrong uid as a field, where a put finds a conflict.
    Raises ApiError.
    """
    name = old["metadata"]["name"]
    meta = _metadata(value)
    if meta.get("name", name) != name:
        raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
    meta["name"] = name
    _place(row, meta, old["metadata"].get("namespace", ""))
    _check_version(row, old, meta, patched=patched)
    _own_kind(row, value, name)
    if subresource == "status":
        return {key: kept for key, kept in old.items() if key != "status"} | _status_of(value)
    if row.has_status:
        value.pop("status", None)
        value |= _status_of(old)
    _keep_fixed(row, old["metadata"], meta)
    meta.pop("managedFields", None)
    _without_empty(meta)
    if "generation" in old["metadata"]:
        meta["generation"] = old["metadata"]["generation"]
        if row.has_generation and _counted(row, old) != _counted(row, value):
            meta["generation"] += 1
    else:
        meta.pop("generation", None)
    return value


def marked(row: Served, old: Json, now: str) -> Json:
    """Return an object as terminating; marking counts as a generation."""
    if "deletionTimestamp" in old["metadata"]:
        return old
    meta = old["metadata"] | {"deletionTimestamp": now, "deletionGracePeriodSeconds": 0}
    if row.has_generation:
        meta["generation"] = old["metadata"].get("generation", 0) + 1
    value = old | {"metadata": meta}
    if row.resource == NAMESPACES:
        value["status"] = {"phase": "Terminating"}
    return value


def is_done(value: Json) -> bool:
    """Tell whether a terminating object has nothing left that holds it."""
    meta = value["metadata"]
    held = meta.get("finalizers") or (value.get("spec") or {}).get("finalizers")
    return "deletionTimestamp" in meta and not held


def check_preconditions(row: Served, old: Json, *, uid: str, resource_version: str) -> None:
    """Raise 409 where a deletion was meant for another object, or another version of it."""
    meta = old["metadata"]
    if uid and uid != meta["uid"]:
        why = (
            f"the UID in the precondition ({uid}) does not match the UID in record ({meta['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise conflict(row.resource, meta["name"], why, by_kind=True)
    if resource_version and resource_version != meta["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({resource_version}) does not match the ResourceVersion in "
            f"record ({meta['resourceVersion']}). The object might have been modified"
        )
        raise conflict(row.resource, meta["name"], why, by_kind=True)


def metadata_errors(row: Served, value: Json, old: Json | None) -> list[FieldError]:
    """Return what is wrong with the metadata of an object about to be stored."""
    meta = value["metadata"]
    found = [] if old else _name_errors(row, str(meta.get("name", "")))
    for key, text in _pairs(meta.get("labels")):
        found += _qualified("metadata.labels", key)
        if not isinstance(text, str) or (text and not (len(text) <= 63 and _NAME_PART.match(text))):
            found.append(invalid_value("metadata.labels", f'"{text}"', _BAD_VALUE))
    annotations = _pairs(meta.get("annotations"))
    for key, _ in annotations:
        found += _qualified("metadata.annotations", key.lower())
    if sum(len(key) + len(str(text)) for key, text in annotations) > _ANNOTATIONS_LIMIT:
        why = f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"
        found.append(FieldError("metadata.annotations", "FieldValueTooLong", why))
    for name in meta.get("finalizers") or ():
        found += _qualified("metadata.finalizers", name)
    return found + (_new_finalizers(meta, old["metadata"]) if old else [])


def _new_finalizers(meta: Json, old: Json) -> list[FieldError]:
    if "deletionTimestamp" not in old:
        return []
    added = [name for name in meta.get("finalizers") or () if name not in (old.get("finalizers") or ())]
    if not added:
        return []
    names = ", ".join(f'"{name}"' for name in added)
    why = (
        "Forbidden: no new finalizers can be added if the object is being deleted, "
        f"found new finalizers []string{{{names}}}"
    )
    return [FieldError("metadata.finalizers", "FieldValueForbidden", why)]


def _name_errors(row: Served, name: str) -> list[FieldError]:
    if not name:
        return [FieldError("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")]
    if row.resource in {EVENTS, EVENTS_V1}:
        bad = [sign for sign in "/%" if sign in name]
        return [invalid_value("metadata.name", f'"{name}"', f"may not contain '{sign}'") for sign in bad]
    label = row.resource == NAMESPACES
    pattern, words, limit = (_LABEL, _BAD_LABEL, 63) if label else (_SUBDOMAIN, _BAD_SUBDOMAIN, 253)
    if len(name) > limit:
        return [invalid_value("metadata.name", f'"{name}"', f"must be no more than {limit} bytes")]
    return [] if pattern.match(name) else [invalid_value("metadata.name", f'"{name}"', words)]


def _qualified(field: str, key: Any) -> list[FieldError]:
    prefix, slash, name = str(key).rpartition("/")
    if slash and not (len(prefix) <= 253 and _SUBDOMAIN.match(prefix)):
        return [invalid_value(field, f'"{key}"', f"prefix part {_BAD_SUBDOMAIN}")]
    if len(name) > 63:
        return [invalid_value(field, f'"{key}"', "name part must be no more than 63 bytes")]
    return [] if _NAME_PART.match(name) else [invalid_value(field, f'"{key}"', _BAD_QUALIFIED)]


def _metadata(value: Json) -> Json:
    meta = value.setdefault("metadata", {})
    if not isinstance(meta, dict):
        raise bad_request("json: cannot unmarshal metadata into Go value of type v1.ObjectMeta")
    return meta


def _own_kind(row: Served, value: Json, name: str) -> None:
    """Fill in kind and version where they are missing, and refuse those of another resource."""
    resource = row.resource
    kind, version = value.setdefault("kind", resource.kind), value.setdefault("apiVersion", resource.api_version)
    if kind != resource.kind:
        if not row.custom:
            raise bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}')
        errors = [invalid_value("kind", f'"{kind}"', f"must be {resource.kind}")]
        raise invalid(resource, name, errors, kind=str(kind))
    if version != resource.api_version:
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )


def _place(row: Served, meta: Json, namespace: str) -> None:
    if not row.resource.namespaced:
        meta.pop("namespace", None)
        return
    if meta.setdefault("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def _check_version(row: Served, old: Json, meta: Json, *, patched: bool) -> None:
    name, kept = meta["name"], old["metadata"]
    if not patched and meta.get("uid") and meta["uid"] != kept["uid"]:
        why = (
            f"StorageError: invalid object, Code: 4, Key: /registry/{group_resource(row.resource)}/{name}, "
            f"ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {meta['uid']}, "
            f"UID in object meta: {kept['uid']}"
        )
        raise conflict(row.resource, name, why)
    version = meta.get("resourceVersion")
    if not version and row.custom:
        errors = [invalid_value("metadata.resourceVersion", "0", "must be specified for an update")]
        raise invalid(row.resource, name, errors, kind=row.resource.plural)
    if version and version != kept["resourceVersion"]:
        raise modified(row.resource, name)
    meta["resourceVersion"] = kept["resourceVersion"]


def _keep_fixed(row: Served, old: Mapping[str, Any], meta: Json) -> None:
    errors = []
    for key in _FIXED:
        if meta.get(key) is None:
            meta.pop(key, None)
            if key in old:
                meta[key] = old[key]
        elif meta[key] != old.get(key):
            errors.append(invalid_value(f"metadata.{key}", f'"{meta[key]}"', "field is immutable"))
    if errors:
        raise invalid(row.resource, str(old["name"]), errors, twice=row.custom)


def _counted(row: Served, value: Json) -> Json:
    """Return what counts as the specification: everything but metadata and, where it is a subresource, status."""
    skipped = {"metadata", "status"} if row.has_status else {"metadata"}
    return {key: part for key, part in value.items() if key not in skipped}


def _status_of(value: Json) -> Json:
    return {"status": value["status"]} if "status" in value else {}


def _without_empty(meta: Json) -> None:
    for key in ("labels", "annotations", "finalizers", "ownerReferences"):
        if key in meta and not meta[key]:
            del meta[key]


def _pairs(value: Any) -> Iterable[tuple[str, Any]]:
    return tuple(value.items()) if isinstance(value, dict) else ()


def refuse_if_any(row: Served, name: str, errors: list[FieldError], *, twice: bool) -> None:
    """Raise 422 where there are errors; ``twice`` as in ``refusals.invalid``."""
    if errors:
        raise invalid(row.resource, name, errors, twice=twice)
