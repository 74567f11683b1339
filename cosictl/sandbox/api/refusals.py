"""Refusals in the words of a Kubernetes 1.36 API server, and the Status bodies they travel in. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cosictl.sandbox.ports import ApiError, Json, Resource

EXPIRED_TOKEN: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: its path, the reason (``FieldValueInvalid``) and the words."""

    field: str
    reason: str
    message: str


def invalid_value(field: str, shown: str, why: str) -> FieldError:
    """Return the error of a value that may not be; ``shown`` is the value as Go prints it (strings quoted)."""
    return FieldError(field, "FieldValueInvalid", f"Invalid value: {shown}: {why}")


def group_resource(resource: Resource) -> str:
    """Return ``buckets.objectstorage.k8s.io``, or ``secrets`` for the core group."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def group_kind(resource: Resource, kind: str = "") -> str:
    """Return ``Bucket.objectstorage.k8s.io``, or ``Secret`` for the core group."""
    name = kind or resource.kind
    return f"{name}.{resource.group}" if resource.group else name


def details(resource: Resource, name: str = "", kind: str = "") -> Json:
    """Return the ``details`` of a Status; ``kind`` is the plural unless said otherwise, as the server has it."""
    found: Json = {"name": name} if name else {}
    if resource.group:
        found["group"] = resource.group
    found["kind"] = kind or resource.plural
    return found


def not_found(resource: Resource, name: str) -> ApiError:
    """404: there is no such object."""
    message = f'{group_resource(resource)} "{name}" not found'
    return ApiError(404, "NotFound", message, details=details(resource, name))


def not_served() -> ApiError:
    """404: this cluster has no such resource."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(resource: Resource, name: str) -> ApiError:
    """409: an object of this name is there."""
    message = f'{group_resource(resource)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=details(resource, name))


def modified(resource: Resource, name: str) -> ApiError:
    """409: the object has a newer resource version than the write was made for."""
    return conflict(
        resource,
        name,
        "the object has been modified; please apply your changes to the latest version and try again",
    )


def conflict(resource: Resource, name: str, why: str, *, by_kind: bool = False) -> ApiError:
    """409 in general; delete preconditions name the kind where everything else names the resource."""
    subject = group_kind(resource) if by_kind else group_resource(resource)
    return ApiError(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {subject} "{name}": {why}',
        details=details(resource, name, resource.kind if by_kind else ""),
    )


def invalid(
    resource: Resource, name: str, errors: Sequence[FieldError], *, kind: str = "", twice: bool = False
) -> ApiError:
    """422: what is wrong with the fields, each once in the message.

    ``twice``: the update of a custom resource checks its metadata two times and lists each cause two times.
    """
    said = list(dict.fromkeys(f"{error.field}: {error.message}" for error in errors))
    message = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    causes = [{"reason": e.reason, "message": e.message, "field": e.field} for e in errors]
    found = details(resource, name, kind or resource.kind)
    found["causes"] = causes * 2 if twice else causes
    return ApiError(422, "Invalid", f'{group_kind(resource, kind)} "{name}" is invalid: {message}', details=found)


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", message)


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    """403 of an admission check."""
    subject = f'{group_resource(resource)} "{name}"' if name else group_resource(resource)
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details=details(resource, name))


def rejected() -> ApiError:
    """422 of a JSON patch that does not fit: the server does not say why."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", details={})


def too_old(version: int, oldest: int) -> ApiError:
    """410: the changes after this version are forgotten."""
    return ApiError(410, "Expired", f"too old resource version: {version} ({oldest})")


def not_implemented(what: str) -> ApiError:
    """501: the sandbox says what it lacks."""
    return ApiError(501, "NotImplemented", f"the sandbox does not implement {what}")


def status_of(error: ApiError) -> Json:
    """Return the Status body of a refusal."""
    body: Json = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason,
    }
    if error.details is not None:
        body["details"] = error.details
    return body | {"code": error.code}


def success(resource: Resource, name: str, uid: str) -> Json:
    """Return the Status body of a deletion that is done."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details(resource, name) | {"uid": uid},
    }
