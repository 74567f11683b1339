"""What a URL path of the API server means. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cosictl.sandbox.api.refusals import not_implemented, not_served
from cosictl.sandbox.api.resources import Served
from cosictl.sandbox.ports import ApiError, Resource

# What every real cluster serves and the sandbox does not: asked for, they are answered with 501, not with 404.
_OTHER_GROUPS: Final = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
_OTHER_CORE: Final = frozenset(
    {
        "bindings",
        "componentstatuses",
        "endpoints",
        "limitranges",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "podtemplates",
        "replicationcontrollers",
        "resourcequotas",
        "services",
    }
)


class NoSuchPageError(LookupError):
    """404 without a Status: nothing of Kubernetes is known under this path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path names: a resource, and of it a namespace, an object and a subresource, each as far as given."""

    row: Served
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def target_of(path: str, rows: Mapping[Resource, Served]) -> Target:
    """Return what a path names. Raises NoSuchPageError, and ApiError 404 and 501, the latter naming what is missing."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise _unknown(path, parts)
    served = {row.resource.plural: row for row in rows.values() if row.resource.api_version == _joined(group, version)}
    if not served:
        raise _unknown(path, parts)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and not (group == "" and rest[2] in {"status", "finalize"}):
        namespace, rest = rest[1], rest[2:]
    row = served.get(rest[0])
    if row is None or len(rest) > 3 or (namespace and not row.resource.namespaced):
        raise _unserved(path, group, rest)
    name, subresource = [*rest[1:], "", ""][:2]
    if name and row.resource.namespaced and not namespace:
        raise not_served()
    if subresource and subresource not in row.subresources and not (subresource == "status" and row.has_status):
        raise not_served() if row.custom else not_implemented(f"the subresource {rest[0]}/{subresource}")
    return Target(row=row, namespace=namespace, name=name, subresource=subresource)


def _joined(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


def _unknown(path: str, parts: list[str]) -> Exception:
    if parts[0] == "apis" and len(parts) > 1 and parts[1] in _OTHER_GROUPS:
        return not_implemented(path)
    if parts[0] in {"logs", "metrics", "debug", "proxy"}:
        return not_implemented(path)
    return NoSuchPageError(path)


def _unserved(path: str, group: str, rest: list[str]) -> ApiError:
    known = rest[0] in _OTHER_CORE if not group else group in _OTHER_GROUPS
    return not_implemented(path) if known else not_served()
