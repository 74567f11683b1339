"""Wordings that COSI's own controllers and sidecars write, of both generations."""

from cosictl.knowledge.message_rule import MessageRule, rule
from cosictl.model.failures import Cause, FixBy

_CLAIM1 = "v0.2.2 bucketclaim.go"
_BUCKET1 = "v0.2.2 bucket_controller.go"
_ACCESS1 = "v0.2.2 bucketaccess_controller.go"
_CLAIM2 = "v1alpha2 main controller bucketclaim.go"
_BUCKET2 = "v1alpha2 main sidecar bucket.go"
_CTL2 = "v1alpha2 main controller bucketaccess.go"
_ACCESS2 = "v1alpha2 main sidecar bucketaccess.go"
_OWNER = FixBy.CLAIM_OWNER

COSI_RULES: tuple[MessageRule, ...] = (
    # Waiting.
    rule(
        "cosi-wait-claim-absent",
        r"waiting for prerequisites .*BucketClaim \S+ to exist",
        Cause.WAITING,
        'waiting for prerequisites before provisioning access: [waiting for BucketClaim "x" to exist]',
        retryable=None,
        fix_by=_OWNER,
        source=_CTL2,
    ),
    rule(
        "cosi-wait-static",
        r"waiting for statically-provisioned Bucket",
        Cause.WAITING,
        'waiting for statically-provisioned Bucket "b" to exist',
        retryable=None,
        fix_by=FixBy.ADMIN,
        source=_CLAIM2,
    ),
    rule(
        "cosi-wait-provisioning",
        r"waiting for Bucket to be provisioned|waiting for prerequisites before provisioning",
        Cause.WAITING,
        "waiting for Bucket to be provisioned",
        'waiting for prerequisites before provisioning access: [waiting for BucketClaim "c" to be bound to a Bucket]',
        source=_CLAIM2,
    ),
    rule(
        "cosi-ready-without-id",
        r"not in Ready state: \(isReady\? true\), \(ID empty\? true\)",
        Cause.UNKNOWN,
        "BucketAccess can't be granted to Bucket not in Ready state: (isReady? true), (ID empty? true)",
        source=_ACCESS1,
    ),
    rule(
        "cosi-wait-ready",
        r"can't be granted to Bucket not in Ready state",
        Cause.WAITING,
        "invalid bucket state: BucketAccess can't be granted to Bucket not in Ready state",
        source=_ACCESS1,
    ),
    # Missing objects.
    rule(
        "cosi-no-class-named",
        r"cannot find bucket class with the name specified",
        Cause.CLASS_MISSING,
        "cannot find bucket class with the name specified in the bucket claim",
        fix_by=_OWNER,
        source=_CLAIM1,
    ),
    rule(
        "cosi-class-missing",
        r"\b(bucket|bucketaccess)class(es)?\.objectstorage\.k8s\.io \S+ not found",
        Cause.CLASS_MISSING,
        'bucketclasses.objectstorage.k8s.io "x" not found',
        'BucketAccessClass.objectstorage.k8s.io "x" not found',
        source=_CLAIM1,
    ),
    rule(
        "cosi-claim-missing",
        r"failed to fetch bucketClaim: .*not found",
        Cause.KUBE_NOT_FOUND,
        'failed to fetch bucketClaim: bucketclaims.objectstorage.k8s.io "x" not found',
        fix_by=_OWNER,
        source=_ACCESS1,
    ),
    rule(
        "cosi-object-missing",
        r"\b(bucket|bucketclaim|bucketaccess)(e?s)?\.objectstorage\.k8s\.io \S+ not found",
        Cause.KUBE_NOT_FOUND,
        'buckets.objectstorage.k8s.io "b" not found',
        source=_CLAIM1,
    ),
    rule(
        "cosi-empty-name",
        r"resource name may not be empty",
        Cause.UNKNOWN,
        "failed to fetch bucket: resource name may not be empty",
        source=_BUCKET1,
    ),
    # v1alpha2 links.
    rule(
        "cosi-bound-gone",
        r"bound to Bucket \S+ that no longer exists|has gone missing",
        Cause.KUBE_NOT_FOUND,
        'unrecoverable degradation: BucketClaim is bound to Bucket "b" that no longer exists',
        fix_by=_OWNER,
        source=_CLAIM2,
    ),
    rule(
        "cosi-bound-name",
        r"boundBucketName \S+ does not match determined name|processed a degraded BucketAccess|"
        r"\bis referenced more than once",
        Cause.CONFIG,
        'unrecoverable degradation: boundBucketName "a" does not match determined name "b"',
        fix_by=_OWNER,
        source=_CLAIM2,
    ),
    rule(
        "cosi-ref-uid",
        r"Bucket claim ref UID \S+ does not match",
        Cause.ALREADY_EXISTS,
        'bound Bucket does not match BucketClaim: Bucket claim ref UID "a" does not match BucketClaim UID "b"',
        source=_CLAIM2,
    ),
    rule(
        "cosi-ref-mismatch",
        r"Bucket claim ref (name|namespace) \S+ does not match|dynamic Bucket is malformed|"
        r"bucketClaimRef .*must be set|does not reference this BucketClaim",
        Cause.CONFIG,
        'unbound Bucket does not match BucketClaim: Bucket claim ref name "a" does not match BucketClaim name "b"',
        source=_CLAIM2,
    ),
    rule(
        "cosi-deleting",
        r"data integrity for deleting BucketClaim|(BucketClaim for Bucket|Bucket) \S+ is deleting",
        Cause.CONFIG,
        'stuck: data integrity for deleting BucketClaim "c" is not guaranteed',
        fix_by=_OWNER,
        source=_CTL2,
    ),
    rule(
        "cosi-access-state",
        r"should be managed by COSI Controller|does not match expected ID\b|has no bucketID|"
        r"\bis missing bucket ID\b|BucketAccess with no account ID\b",
        Cause.CONFIG,
        "processed a BucketAccess that should be managed by COSI Controller",
        source=_ACCESS2,
    ),
    # Protocols and fields.
    rule(
        "cosi-protocol-unknown",
        r"unknown api protocol|failed to parse protocol list",
        Cause.INVALID_PARAMETER,
        'failed to parse protocol list: unknown api protocol "Swift"',
        fix_by=_OWNER,
        source=_BUCKET2,
    ),
    rule(
        "cosi-protocol-unsupported",
        r"does not support protocols?\b|required protocols (missing|are not supported)",
        Cause.UNSUPPORTED,
        'driver "d" does not support protocols: [GCS]',
        fix_by=_OWNER,
        source=_BUCKET2,
    ),
    rule(
        "cosi-field-missing",
        r"CredentialsSecretName not defined|ServiceAccountName required|"
        r"serviceAccountName must be specified|cannot have empty bucketClassName|BucketClassName not defined|"
        r"multi-bucket access is disallowed|"
        r"accessMode \S+ requested .*disallowed",
        Cause.INVALID_PARAMETER,
        "ServiceAccountName required when AuthenticationType is IAM",
        fix_by=_OWNER,
        source=_ACCESS1,
    ),
    rule(
        "cosi-multi-bucket",
        r"driver does not support multi-bucket access",
        Cause.UNSUPPORTED,
        "driver does not support multi-bucket access: rejected",
        fix_by=_OWNER,
        source=_ACCESS2,
    ),
    rule(
        "cosi-secret-owner",
        r"existing access Secret .*does not belong|use the same accessSecretName",
        Cause.SECRET_PROBLEM,
        'existing access Secret "s" does not belong to BucketAccess',
        fix_by=_OWNER,
        source=_ACCESS2,
    ),
    rule(
        "cosi-retain",
        r"will not delete Bucket (with non-delete deletion policy|bound to a non-deleting)",
        Cause.CONFIG,
        'will not delete Bucket with non-delete deletion policy "Retain"',
        source="v1alpha2 later main sidecar bucket.go",
    ),
    # Answers that a driver should not give.
    rule(
        "cosi-driver-answer",
        r"returned an? (nil response|empty bucketID)|bucket (ID|protocol response) missing|"
        r"supports no protocols|AccountId not defined|should be of length 1\b|"
        r"granted access (response )?is invalid|DriverGenerateBucketId; upgrade",
        Cause.DRIVER_BUG,
        "BucketAccess x: AccountId not defined in DriverGrantBucketAccess",
        source=_BUCKET1,
    ),
    rule(
        "go-panic",
        r"^panic: |\bpanic: runtime error|nil pointer dereference|\[signal SIGSEGV",
        Cause.DRIVER_BUG,
        "panic: runtime error: invalid memory address or nil pointer dereference",
        source="Go runtime",
    ),
    rule(
        "cosi-no-driver",
        r"unable to connect to RPC endpoint|waiting for RPC client to connect|Connection failed.*unix",
        Cause.DRIVER_UNREACHABLE,
        "unable to connect to RPC endpoint: timed out waiting for RPC client to connect",
        source="v1alpha2 main cmd/sidecar",
    ),
)
