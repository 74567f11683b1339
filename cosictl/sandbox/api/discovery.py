"""What the API server says it serves: versions, groups, resources, and just enough OpenAPI for kubectl. Pure.

Aggregated discovery is not offered: a client that asks for it gets the plain documents and asks on, as it does with
servers that are older than 1.26.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from cosictl.sandbox.api.resources import CUSTOM_VERBS, VERBS, Served
from cosictl.sandbox.ports import Json, Resource

AUTHORIZATION: Final = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)
AUTHENTICATION: Final = Resource(
    "authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced=False
)
# What can only be created, and is never kept; by path.
REVIEWS: Final = {f"/apis/{one.api_version}/{one.plural}": one for one in (AUTHORIZATION, AUTHENTICATION)}
_VERSION: Final[Json] = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.0+cosictl-sandbox",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}


def document(path: str, rows: Iterable[Served]) -> Json | str | None:
    """Return what stands under a path that is no resource: a document, a text, or None for nothing."""
    path = path.rstrip("/")
    if path in {"/healthz", "/livez", "/readyz"}:
        return "ok"
    if path == "/version":
        return _VERSION
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    groups = _groups(rows)
    if path == "/apis":
        listed = [_group(name, versions) for name, versions in groups.items() if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    if path.startswith("/openapi/"):
        return _openapi(path, groups)
    return _under(path, groups)


def _under(path: str, groups: Mapping[str, Mapping[str, list[Served]]]) -> Json | None:
    parts = path.strip("/").split("/")
    if parts == ["api", "v1"]:
        return _resources("v1", groups[""]["v1"])
    if parts[0] != "apis" or not 2 <= len(parts) <= 3 or parts[1] not in groups:
        return None
    versions = groups[parts[1]]
    if len(parts) == 2:
        return {"kind": "APIGroup", "apiVersion": "v1"} | _group(parts[1], versions)
    if parts[2] not in versions:
        return None
    return _resources(f"{parts[1]}/{parts[2]}", versions[parts[2]])


def _groups(rows: Iterable[Served]) -> dict[str, dict[str, list[Served]]]:
    """Return the rows by group and version; the groups of reviews have no rows of their own."""
    found: dict[str, dict[str, list[Served]]] = {review.group: {review.version: []} for review in REVIEWS.values()}
    for row in rows:
        found.setdefault(row.resource.group, {}).setdefault(row.resource.version, []).append(row)
    return found


def _group(name: str, versions: Iterable[str]) -> Json:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in _newest_first(versions)]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _newest_first(versions: Iterable[str]) -> list[str]:
    return sorted(versions, reverse=True)


def _resources(group_version: str, rows: Iterable[Served]) -> Json:
    listed: list[Json] = []
    for row in rows:
        listed.append(_resource(row))
        listed += [_part(row, name) for name in _parts(row)]
    listed += [
        {"name": review.plural, "singularName": review.kind.lower(), "namespaced": False}
        | {"kind": review.kind, "verbs": ["create"]}
        for review in REVIEWS.values()
        if group_version == review.api_version
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def _resource(row: Served) -> Json:
    resource = row.resource
    found: Json = {
        "name": resource.plural,
        "singularName": row.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(CUSTOM_VERBS if row.custom else VERBS),
    }
    if row.short_names:
        found["shortNames"] = list(row.short_names)
    if row.categories:
        found["categories"] = list(row.categories)
    return found | {"storageVersionHash": _hash(resource)}


def _parts(row: Served) -> tuple[str, ...]:
    return (*(("status",) if row.has_status else ()), *row.subresources)


def _part(row: Served, name: str) -> Json:
    verbs = {"log": ["get"], "exec": ["create", "get"]}.get(name, ["get", "patch", "update"])
    return {
        "name": f"{row.resource.plural}/{name}",
        "singularName": "",
        "namespaced": row.resource.namespaced,
        "kind": row.resource.kind,
        "verbs": verbs,
    }


def _hash(resource: Resource) -> str:
    """An opaque mark of how objects are stored; clients only compare it."""
    return f"{resource.api_version}/{resource.plural}".encode().hex()[-11:] + "="


def _openapi(path: str, groups: Mapping[str, Mapping[str, list[Served]]]) -> Json | None:
    documents = {
        _document_of(group, version): rows for group, versions in groups.items() for version, rows in versions.items()
    }
    if path == "/openapi/v3":
        return {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}"} for name in documents}}
    if path == "/openapi/v2":
        return {"swagger": "2.0", "info": {"title": "cosictl sandbox", "version": "v1"}, "paths": {}, "definitions": {}}
    name = path.removeprefix("/openapi/v3/")
    return _openapi_v3(name, documents[name]) if name in documents else None


def _document_of(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _openapi_v3(name: str, rows: Iterable[Served]) -> Json:
    """Say of each kind that its patches are validated by the server: that is what kubectl looks for."""
    paths: dict[str, Any] = {}
    for row in rows:
        resource = row.resource
        where = "/namespaces/{namespace}" if resource.namespaced else ""
        paths[f"/{name}{where}/{resource.plural}/{{name}}"] = {
            "patch": {
                "parameters": [{"name": key, "in": "query", "schema": {"type": "string"}} for key in _PATCH_OPTIONS],
                "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": {
                    "group": resource.group,
                    "version": resource.version,
                    "kind": resource.kind,
                },
            }
        }
    return {
        "openapi": "3.0.0",
        "info": {"title": "cosictl sandbox", "version": "v1"},
        "paths": paths,
        "components": {"schemas": {}},
    }


_PATCH_OPTIONS: Final = ("dryRun", "fieldManager", "fieldValidation")
