"""The fields of COSI's objects and their rules, as rows: CRDs of v0.2.2 (v1alpha1) and of main, 2026-03 (v1alpha2).

v1alpha1 has no rules: whatever has the right type may be changed. The v1alpha2 messages are those of its CRDs.
"""

from collections.abc import Mapping
from typing import Final

from cosictl.sandbox.api.resources import (
    ACCESS_CLASSES_V1,
    ACCESS_CLASSES_V2,
    ACCESSES_V1,
    ACCESSES_V2,
    BUCKET_CLASSES_V1,
    BUCKET_CLASSES_V2,
    BUCKETS_V1,
    BUCKETS_V2,
    CLAIMS_V1,
    CLAIMS_V2,
)
from cosictl.sandbox.api.shapes import (
    Shape,
    choice,
    driver,
    identifier,
    name,
    never_away,
    never_both_ways,
    parameters,
    protocols,
)
from cosictl.sandbox.ports import Resource

_TEXT: Final = Shape(type="string")
_BOOL: Final = Shape(type="boolean")
_TEXTS: Final = Shape(values=_TEXT)

# --- v1alpha1 -------------------------------------------------------------------------------------------------------

_PROTOCOLS_1: Final = Shape(type="array", values=Shape(type="string"))
_RETAIN: Final = Shape(type="string", default="Retain")
_REFERENCE: Final = Shape(
    fields={
        "apiVersion": _TEXT,
        "fieldPath": _TEXT,
        "kind": _TEXT,
        "name": _TEXT,
        "namespace": _TEXT,
        "resourceVersion": _TEXT,
        "uid": _TEXT,
    }
)

_BUCKET_1: Final = Shape(
    fields={
        "spec": Shape(
            fields={
                "bucketClaim": _REFERENCE,
                "bucketClassName": _TEXT,
                "deletionPolicy": _RETAIN,
                "driverName": _TEXT,
                "existingBucketID": _TEXT,
                "parameters": _TEXTS,
                "protocols": _PROTOCOLS_1,
            },
            required=("bucketClaim", "bucketClassName", "driverName", "protocols"),
        ),
        "status": Shape(fields={"bucketID": _TEXT, "bucketReady": _BOOL}),
    }
)
_CLAIM_1: Final = Shape(
    fields={
        "spec": Shape(
            fields={"bucketClassName": _TEXT, "existingBucketName": _TEXT, "protocols": _PROTOCOLS_1},
            required=("protocols",),
        ),
        "status": Shape(fields={"bucketName": _TEXT, "bucketReady": _BOOL}, required=("bucketReady",)),
    }
)
_ACCESS_1: Final = Shape(
    fields={
        "spec": Shape(
            fields={
                "bucketAccessClassName": _TEXT,
                "bucketClaimName": _TEXT,
                "credentialsSecretName": _TEXT,
                "protocol": _TEXT,
                "serviceAccountName": _TEXT,
            },
            required=("bucketAccessClassName", "bucketClaimName", "credentialsSecretName"),
        ),
        "status": Shape(fields={"accessGranted": _BOOL, "accountID": _TEXT}),
    }
)
_BUCKET_CLASS_1: Final = Shape(
    fields={"deletionPolicy": _RETAIN, "driverName": _TEXT, "parameters": _TEXTS},
    required=("driverName",),
)
_ACCESS_CLASS_1: Final = Shape(
    fields={"authenticationType": _TEXT, "driverName": _TEXT, "parameters": _TEXTS},
    required=("authenticationType", "driverName"),
)

# --- v1alpha2 -------------------------------------------------------------------------------------------------------

_MODES: Final = ("ReadWrite", "ReadOnly", "WriteOnly")
_UID_PATTERN: Final = r"^[0-9a-f]{8}-([0-9a-f]{4}\-){3}[0-9a-f]{12}$"
_READY: Final = Shape(type="boolean", nullable=True)
_ERROR: Final = Shape(fields={"message": Shape(type="string", most=1_572_864), "time": _TEXT})

_BUCKET_2: Final = Shape(
    fields={
        "spec": Shape(
            fields={
                "bucketClaimRef": Shape(
                    fields={
                        "name": name("name is immutable"),
                        "namespace": Shape(type="string", least=1, most=63, frozen="namespace is immutable"),
                        "uid": Shape(
                            type="string", least=36, most=36, pattern=_UID_PATTERN, frozen="uid is immutable once set"
                        ),
                    },
                    required=("name", "namespace"),
                    kept=never_away("namespace", "uid"),
                ),
                "deletionPolicy": choice("Retain", "Delete"),
                "driverName": driver("driverName is immutable"),
                "existingBucketID": identifier("existingBucketID is immutable"),
                "parameters": parameters("parameters map is immutable"),
                "protocols": protocols("protocols list is immutable"),
            },
            required=("bucketClaimRef", "deletionPolicy", "driverName"),
            pinned=never_both_ways(
                ("parameters", "parameters map"),
                ("protocols", "protocols list"),
                ("existingBucketID", "existingBucketID"),
            ),
        ),
        "status": Shape(
            fields={
                # The CRD calls it by another name than its own.
                "bucketID": identifier("boundBucketName is immutable once set"),
                "bucketInfo": parameters(most=128),
                "error": _ERROR,
                "protocols": protocols(),
                "readyToUse": _READY,
            },
            required=("readyToUse",),
            kept=never_away("bucketID", "protocols"),
        ),
    },
    required=("spec",),
)
_CLAIM_2: Final = Shape(
    fields={
        "spec": Shape(
            fields={
                "bucketClassName": name("bucketClassName is immutable"),
                "existingBucketName": name("existingBucketName is immutable"),
                "protocols": protocols("protocols list is immutable"),
            },
            least=1,
            pinned=never_both_ways(
                ("bucketClassName", "bucketClassName"),
                ("existingBucketName", "existingBucketName"),
                ("protocols", "protocols list"),
            ),
            exactly_one=("bucketClassName", "existingBucketName"),
        ),
        "status": Shape(
            fields={
                "boundBucketName": name("boundBucketName is immutable once set"),
                "error": _ERROR,
                "protocols": protocols(),
                "readyToUse": _READY,
            },
            required=("readyToUse",),
            kept=never_away("boundBucketName", "protocols"),
        ),
    },
    required=("spec",),
)
_ACCESS_2: Final = Shape(
    fields={
        "spec": Shape(
            fields={
                "bucketAccessClassName": Shape(
                    type="string", least=1, most=253, frozen="bucketAccessClassName is immutable"
                ),
                "bucketClaims": Shape(
                    type="array",
                    values=Shape(
                        fields={
                            "accessMode": choice(*_MODES),
                            "accessSecretName": name(),
                            "bucketClaimName": name(),
                        },
                        required=("accessMode", "accessSecretName", "bucketClaimName"),
                    ),
                    least=1,
                    most=128,
                    unique_by="bucketClaimName",
                    frozen="bucketClaims list is immutable",
                ),
                "protocol": choice("S3", "Azure", "GCS", frozen="protocol is immutable"),
                "serviceAccountName": Shape(type="string", least=1, most=253, frozen="serviceAccountName is immutable"),
            },
            required=("bucketAccessClassName", "bucketClaims", "protocol"),
            pinned=never_both_ways(("serviceAccountName", "serviceAccountName")),
        ),
        "status": Shape(
            fields={
                "accessedBuckets": Shape(
                    type="array",
                    values=Shape(
                        fields={"bucketClaimName": name(), "bucketID": identifier(), "bucketName": name()},
                        required=("bucketClaimName", "bucketID", "bucketName"),
                    ),
                    least=1,
                    most=128,
                    unique_by="bucketName",
                    frozen="accessedBuckets is immutable once set",
                ),
                "accountID": identifier("accountId is immutable once set"),
                "authenticationType": choice(
                    "Key", "ServiceAccount", frozen="authenticationType is immutable once set"
                ),
                "driverName": driver("driverName is immutable once set"),
                "error": _ERROR,
                # The CRD calls it by another name than its own.
                "parameters": parameters("accessedBuckets is immutable once set"),
                "readyToUse": _READY,
            },
            required=("readyToUse",),
            kept=never_away("accountID", "accessedBuckets", "driverName", "authenticationType", "parameters"),
        ),
    },
    required=("spec",),
)
_BUCKET_CLASS_2: Final = Shape(
    fields={
        "spec": Shape(
            fields={
                "deletionPolicy": choice("Retain", "Delete"),
                "driverName": driver(),
                "parameters": parameters(),
            },
            required=("deletionPolicy", "driverName"),
            frozen="BucketClass spec is immutable",
        )
    },
    required=("spec",),
)
_ACCESS_CLASS_2: Final = Shape(
    fields={
        "spec": Shape(
            fields={
                "authenticationType": choice("Key", "ServiceAccount"),
                "disallowedBucketAccessModes": Shape(
                    type="array", values=choice(*_MODES), least=1, most=3, unique=True
                ),
                "driverName": driver(),
                "multiBucketAccess": choice("SingleBucket", "MultipleBuckets", default="SingleBucket"),
                "parameters": parameters(),
            },
            required=("authenticationType", "driverName"),
            frozen="BucketAccessClass spec is immutable",
        )
    },
    required=("spec",),
)

SHAPES: Final[Mapping[Resource, Shape]] = {
    BUCKETS_V1: _BUCKET_1,
    CLAIMS_V1: _CLAIM_1,
    ACCESSES_V1: _ACCESS_1,
    BUCKET_CLASSES_V1: _BUCKET_CLASS_1,
    ACCESS_CLASSES_V1: _ACCESS_CLASS_1,
    BUCKETS_V2: _BUCKET_2,
    CLAIMS_V2: _CLAIM_2,
    ACCESSES_V2: _ACCESS_2,
    BUCKET_CLASSES_V2: _BUCKET_CLASS_2,
    ACCESS_CLASSES_V2: _ACCESS_CLASS_2,
}
