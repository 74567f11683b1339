"""Objects as a person would apply them: classes, claims and accesses of both versions, without status."""

from collections.abc import Mapping

from cosictl.model.refs import Api
from cosictl.sandbox.ports import Json

GROUP = "objectstorage.k8s.io"
DRIVER = "cosi.example.com"
TEAM = "team-a"


def _object(api: Api, kind: str, name: str, namespace: str = "") -> Json:
    metadata: Json = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": f"{GROUP}/{api.value}", "kind": kind, "metadata": metadata}


def bucket_class(
    name: str,
    *,
    api: Api = Api.V1ALPHA1,
    driver: str = DRIVER,
    policy: str = "Delete",
    parameters: Mapping[str, str] | None = None,
) -> Json:
    """A BucketClass; v1alpha1 has its fields at the top level, v1alpha2 in ``spec``."""
    fields: Json = {"driverName": driver, "deletionPolicy": policy}
    if parameters:
        fields["parameters"] = dict(parameters)
    value = _object(api, "BucketClass", name)
    return value | (fields if api is Api.V1ALPHA1 else {"spec": fields})


def access_class(
    name: str,
    *,
    api: Api = Api.V1ALPHA1,
    driver: str = DRIVER,
    authentication: str = "Key",
    parameters: Mapping[str, str] | None = None,
) -> Json:
    """A BucketAccessClass."""
    fields: Json = {"driverName": driver, "authenticationType": authentication}
    if parameters:
        fields["parameters"] = dict(parameters)
    value = _object(api, "BucketAccessClass", name)
    return value | (fields if api is Api.V1ALPHA1 else {"spec": fields})


def claim(name: str, class_name: str, *, api: Api = Api.V1ALPHA1, namespace: str = TEAM, existing: str = "") -> Json:
    """A BucketClaim of a class, or of an existing Bucket."""
    spec: Json = {"protocols": ["S3"]}
    if class_name:
        spec["bucketClassName"] = class_name
    if existing:
        spec["existingBucketName"] = existing
    return _object(api, "BucketClaim", name, namespace) | {"spec": spec}


def access(
    name: str,
    claim_name: str,
    class_name: str = "keys",
    *,
    api: Api = Api.V1ALPHA1,
    namespace: str = TEAM,
) -> Json:
    """A BucketAccess to one claim, with a Secret named after it."""
    value = _object(api, "BucketAccess", name, namespace)
    secret = f"{name}-credentials"
    if api is Api.V1ALPHA1:
        spec: Json = {"bucketClaimName": claim_name, "credentialsSecretName": secret, "protocol": "S3"}
    else:
        bucket = {"bucketClaimName": claim_name, "accessMode": "ReadWrite", "accessSecretName": secret}
        spec = {"bucketClaims": [bucket], "protocol": "S3"}
    return value | {"spec": spec | {"bucketAccessClassName": class_name}}


def namespace(name: str) -> Json:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
