"""The objects of a measurement, as manifests: a namespace, claims, Buckets and accesses of both versions. Pure.

A claim, a static Bucket and an access class serve a whole session; each cell has a Bucket or an access of its own. What
a controller would write into a status is here too, so that a cluster without one works.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cosictl.flows.measuring.ports import Tree
from cosictl.knowledge.annotations import BUCKET_CLAIM_BEING_DELETED
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

LABEL: Final = "cosictl.dev/measure"
GROUP: Final = "objectstorage.k8s.io"
# What is asked of a Bucket that no sidecar needs to know; with parameters no class is looked up for it.
_PARAMETERS: Final = {"purpose": "cosictl-measure"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """The names of one session: the run it belongs to, its namespace, its driver, and what its objects begin with."""

    api: Api
    run: str
    namespace: str
    driver: str
    prefix: str

    @property
    def api_version(self) -> str:
        """The apiVersion of its objects."""
        return f"{GROUP}/{self.api.value}"

    @property
    def shared(self) -> str:
        """The name of the claim, the static Bucket and the access class."""
        return f"{self.prefix}-shared"


def namespace_tree(run: str, name: str) -> Tree:
    """Return the namespace of a run."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL: run}}}


def claim_tree(names: Set) -> Tree:
    """Return the claim that every Bucket of a session belongs to."""
    spec = {"existingBucketName": names.shared, "protocols": ["S3"]}
    return _object(names, "BucketClaim", names.shared, namespaced=True) | {"spec": spec}


def claim_status(names: Set) -> Tree:
    """Return what a controller would say of the claim."""
    if names.api is Api.V1ALPHA1:
        return {"bucketReady": True, "bucketName": names.shared}
    return {"readyToUse": True, "boundBucketName": names.shared, "protocols": ["S3"]}


def static_tree(names: Set, claim_uid: str) -> Tree:
    """Return the Bucket that accesses are granted to."""
    return _bucket(names, names.shared, claim_uid, {"existingBucketID": names.shared}, policy="Retain")


def static_status(names: Set) -> Tree:
    """Return what a sidecar would say of it."""
    if names.api is Api.V1ALPHA1:
        return {"bucketReady": True, "bucketID": names.shared}
    return {"readyToUse": True, "bucketID": names.shared, "protocols": ["S3"]}


def class_tree(names: Set) -> Tree:
    """Return the class of the accesses."""
    fields = {"driverName": names.driver, "authenticationType": "Key"}
    value = _object(names, "BucketAccessClass", names.shared)
    return value | (fields if names.api is Api.V1ALPHA1 else {"spec": fields})


def probe_name(names: Set, rpc: Rpc, code: GrpcCode, attempt: int) -> str:
    """Return the name of a cell's object."""
    short = rpc.value.removeprefix("Driver").removesuffix("BucketAccess").removesuffix("Bucket")
    return f"{names.prefix}-{short}-{code.value}-{attempt}".lower()


def bucket_tree(names: Set, name: str, rpc: Rpc, claim_uid: str) -> Tree:
    """Return the Bucket of a cell: one to create, to look up, or to create and delete."""
    more = {"existingBucketID": name} if rpc is Rpc.GET_EXISTING else {}
    value = _bucket(names, name, claim_uid, more, policy="Delete")
    if names.api is Api.V1ALPHA2 and rpc is Rpc.DELETE:
        # What the controller writes when the claim goes; without it later main does not delete.
        value["metadata"]["annotations"] = {BUCKET_CLAIM_BEING_DELETED: ""}
    return value


def access_tree(names: Set, name: str) -> Tree:
    """Return the access of a cell."""
    value = _object(names, "BucketAccess", name, namespaced=True)
    spec: Tree = {"bucketAccessClassName": names.shared, "protocol": "S3"}
    if names.api is Api.V1ALPHA1:
        spec |= {"bucketClaimName": names.shared, "credentialsSecretName": name}
    else:
        entry = {"bucketClaimName": names.shared, "accessMode": "ReadWrite", "accessSecretName": name}
        spec |= {"bucketClaims": [entry]}
    return value | {"spec": spec}


def access_status(names: Set) -> Tree | None:
    """Return what a v1alpha2 controller writes to hand an access over; None in v1alpha1, where it does nothing."""
    if names.api is Api.V1ALPHA1:
        return None
    entry = {"bucketName": names.shared, "bucketID": names.shared, "bucketClaimName": names.shared}
    return {
        "readyToUse": False,
        "driverName": names.driver,
        "authenticationType": "Key",
        "accessedBuckets": [entry],
    }


def lease_names(driver: str) -> frozenset[str]:
    """Return the names of the Leases that a sidecar of either version takes (v0.2.2, main 2026-03)."""
    dashed = "".join(letter if letter.isalnum() else "-" for letter in driver).lower()
    return frozenset({f"{dashed}-cosi", f"cosi-sidecar-leader-{driver}"})


def _bucket(names: Set, name: str, claim_uid: str, more: Mapping[str, Any], *, policy: str) -> Tree:
    ref = {"name": names.shared, "namespace": names.namespace, "uid": claim_uid}
    spec: Tree = {
        "driverName": names.driver,
        "deletionPolicy": policy,
        "protocols": ["S3"],
        "parameters": dict(_PARAMETERS),
        **more,
    }
    if names.api is Api.V1ALPHA1:
        spec |= {"bucketClassName": "cosictl-measure", "bucketClaim": ref}
    else:
        spec |= {"bucketClaimRef": ref}
    return _object(names, "Bucket", name) | {"spec": spec}


def _object(names: Set, kind: str, name: str, *, namespaced: bool = False) -> Tree:
    meta: Tree = {"name": name, "labels": {LABEL: names.run}}
    if namespaced:
        meta["namespace"] = names.namespace
    return {"apiVersion": names.api_version, "kind": kind, "metadata": meta}
