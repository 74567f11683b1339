"""Error codes of storage backends, by what they mean; :mod:`cosictl.knowledge.backend_codes` makes rows of them."""

from typing import NamedTuple

from cosictl.model.failures import Cause

S3 = "AWS S3 error responses"
IAM = "AWS IAM common errors"
AZURE = "Azure Storage and ARM error codes"
GCS = "Google Cloud Storage JSON API errors"
SDK = "AWS SDK for Go request errors"


class CodeGroup(NamedTuple):
    """Codes that mean the same, in one string with spaces between."""

    cause: Cause
    source: str
    meaning: str
    codes: str


# One line per cause and source: the codes that mean it, with the meaning they share.
CODE_GROUPS: tuple[CodeGroup, ...] = (
    CodeGroup(Cause.INVALID_NAME, S3, "the bucket's name is not acceptable", "InvalidBucketName"),
    CodeGroup(
        Cause.INVALID_NAME,
        AZURE,
        "the container's or account's name is not acceptable",
        "InvalidResourceName OutOfRangeInput AccountNameInvalid StorageAccountNameInvalid",
    ),
    CodeGroup(
        Cause.INVALID_PARAMETER,
        S3,
        "a parameter of the request is wrong",
        "InvalidArgument InvalidLocationConstraint InvalidRequest InvalidEncryptionAlgorithmError InvalidStorageClass "
        "InvalidTag InvalidInput ValidationError InvalidParameterValue InvalidParameterCombination MissingParameter "
        "InvalidUserName InvalidPolicyDocument UnsupportedParameter InvalidAcl KMS.NotFoundException",
    ),
    CodeGroup(
        Cause.INVALID_PARAMETER,
        AZURE,
        "a parameter of the request is wrong",
        "InvalidQueryParameterValue InvalidHeaderValue InvalidInputParameter InvalidResourceLocation "
        "LocationNotAvailable "
        "InvalidResourceGroupLocation LocationNotAvailableForResourceType InvalidParameter InvalidRequestFormat",
    ),
    CodeGroup(
        Cause.DRIVER_BUG,
        S3,
        "the driver built a request the backend cannot read",
        "MalformedXML MalformedPolicy MalformedPolicyDocument MalformedACLError MissingContentLength "
        "MissingRequestBodyError IncompleteBody BadDigest InvalidDigest MethodNotAllowed EntityTooLarge "
        "InvalidXmlDocument UnsupportedXmlNode",
    ),
    CodeGroup(
        Cause.UNSUPPORTED,
        S3,
        "the backend does not offer this",
        "NotImplemented UnsupportedOperation XNotImplemented FeatureNotSupported OperationNotSupported "
        "FeatureNotSupportedForAccount UnsupportedHeader",
    ),
    CodeGroup(
        Cause.ALREADY_EXISTS,
        S3,
        "the name is taken by somebody else",
        "BucketAlreadyExists EntityAlreadyExists KeyExists UserExists UserAlreadyExists EmailExists "
        "AccessKeyAlreadyExists "
        "XMinioAdminUserAlreadyExists XAdminUserExists ResourceInUse",
    ),
    CodeGroup(
        Cause.ALREADY_EXISTS,
        AZURE,
        "the name is taken",
        "ContainerAlreadyExists StorageAccountAlreadyTaken StorageAccountAlreadyExists ResourceAlreadyExists "
        "AccountAlreadyExists",
    ),
    CodeGroup(
        Cause.PERMISSION,
        S3,
        "a known identity lacks the right",
        "AccessDenied AccessDeniedException AllAccessDisabled AccountProblem UnauthorizedOperation UnauthorizedAccess "
        "XAdminAccessDenied XMinioAdminAccessDenied AccessForbidden NotAuthorized Forbidden OperationNotPermitted",
    ),
    CodeGroup(
        Cause.PERMISSION,
        AZURE,
        "a known identity lacks the right",
        "AuthorizationFailed AuthorizationFailure AuthorizationPermissionMismatch InsufficientAccountPermissions "
        "LinkedAuthorizationFailed AuthorizationSourceIPMismatch AuthorizationResourceTypeMismatch "
        "RequestDisallowedByPolicy AuthorizationServiceMismatch AuthorizationProtocolMismatch "
        "KeyBasedAuthenticationNotPermitted",
    ),
    CodeGroup(
        Cause.PERMISSION,
        GCS,
        "a known identity lacks the right",
        "forbidden insufficientPermissions accessNotConfigured",
    ),
    CodeGroup(
        Cause.CREDENTIALS,
        S3,
        "the identity is missing, wrong or expired",
        "InvalidAccessKeyId InvalidAccessKey InvalidSecretKey SignatureDoesNotMatch ExpiredToken "
        "ExpiredTokenException InvalidToken InvalidClientTokenId "
        "TokenRefreshRequired UnrecognizedClientException MissingAuthenticationToken MissingSecurityHeader "
        "IncompleteSignature AuthorizationHeaderMissing InvalidSecurity CredentialsNotSupported NoCredentialProviders "
        "SharedCredsLoad EC2RoleRequestError MissingCredentials InvalidIdentityToken OptInRequired "
        "XAdminInvalidAccessKey CredentialRequiresRotation",
    ),
    CodeGroup(
        Cause.CREDENTIALS,
        AZURE,
        "the identity is missing, wrong or expired",
        "AuthenticationFailed NoAuthenticationInformation InvalidAuthenticationInfo InvalidAuthenticationToken "
        "ExpiredAuthenticationToken InvalidAuthenticationTokenTenant",
    ),
    CodeGroup(
        Cause.CREDENTIALS,
        GCS,
        "the identity is missing, wrong or expired",
        "authError required invalid_grant unauthorized",
    ),
    CodeGroup(
        Cause.NOT_EMPTY, S3, "something is left inside", "BucketNotEmpty ObjectLocked BucketHasAccessPointsAttached"
    ),
    CodeGroup(
        Cause.QUOTA,
        S3,
        "a limit on number or size is reached",
        "TooManyBuckets QuotaExceeded LimitExceeded LimitExceededException AccessKeyLimitExceeded ServiceQuotaExceeded "
        "ServiceQuotaExceededException XMinioAdminBucketQuotaExceeded XMinioStorageFull UserQuotaExceeded "
        "InsufficientStorage StorageFull AccountLimitExceeded TooManyAccessKeys UserSuspendedQuota",
    ),
    CodeGroup(
        Cause.QUOTA,
        AZURE,
        "a limit on number or size is reached",
        "MaxStorageAccountsCountPerSubscriptionExceeded QuotaExceeded AccountLimitExceeded ResourceQuotaExceeded "
        "SubscriptionQuotaExceeded",
    ),
    CodeGroup(Cause.QUOTA, GCS, "a limit on number or size is reached", "quotaExceeded dailyLimitExceeded"),
    CodeGroup(
        Cause.THROTTLED,
        S3,
        "too many requests at the moment",
        "SlowDown SlowDownRead SlowDownWrite Throttling ThrottlingException ThrottledException Throttled "
        "RequestLimitExceeded RequestThrottled RequestThrottledException TooManyRequestsException TooManyRequests "
        "ProvisionedThroughputExceededException BandwidthLimitExceeded PriorRequestNotComplete XMinioServerBusy",
    ),
    CodeGroup(
        Cause.THROTTLED,
        AZURE,
        "too many requests at the moment",
        "ServerBusy SubscriptionRequestsThrottled OperationNotAllowedThrottled",
    ),
    CodeGroup(Cause.THROTTLED, GCS, "too many requests at the moment", "rateLimitExceeded userRateLimitExceeded"),
    CodeGroup(
        Cause.NOT_FOUND,
        S3,
        "a bucket, user or key is missing in the backend",
        "NoSuchBucket NoSuchEntity NoSuchKey NoSuchUser NoSuchAccessKey NotFound NoSuchBucketPolicy NoSuchSubUser "
        "XMinioAdminNoSuchUser XAdminUserNotFound XMinioAdminNoSuchAccessKey XAdminNoSuchUser NoSuchUpload",
    ),
    CodeGroup(
        Cause.NOT_FOUND,
        AZURE,
        "the container or account is missing",
        "ContainerNotFound ResourceNotFound ParentResourceNotFound AccountNotFound BlobNotFound",
    ),
    CodeGroup(
        Cause.TIMEOUT,
        S3,
        "no answer in time",
        "RequestTimeout RequestTimeoutException XMinioBackendDown RequestCanceled",
    ),
    CodeGroup(Cause.TIMEOUT, AZURE, "no answer in time", "OperationTimedOut GatewayTimeout"),
    CodeGroup(
        Cause.BACKEND_ERROR,
        S3,
        "the backend failed by itself",
        "InternalError InternalFailure ServiceUnavailable ServiceUnavailableException ServiceFailure Busy "
        "ServiceException InternalServerError InternalServerException XMinioServerNotInitialized "
        "XAdminInternalError EntityTemporarilyUnmodifiable OperationAborted ConditionalRequestConflict "
        "ConcurrentModification DeleteConflictTransient RestoreAlreadyInProgress XMinioReadQuorum XMinioWriteQuorum "
        "BadGateway",
    ),
    CodeGroup(
        Cause.BACKEND_ERROR,
        AZURE,
        "the backend failed by itself, or is still busy with an earlier request",
        "ContainerBeingDeleted AccountBeingCreated ServerUnavailable RetryableError InternalServerError "
        "StorageAccountOperationInProgress AnotherOperationInProgress ConflictingConcurrentWriteNotAllowed",
    ),
    CodeGroup(Cause.BACKEND_ERROR, GCS, "the backend failed by itself", "backendError internalError"),
    CodeGroup(
        Cause.CONFIG,
        S3,
        "endpoint, region, clock or account are not set up for this",
        "PermanentRedirect TemporaryRedirect Redirect AuthorizationHeaderMalformed IllegalLocationConstraintException "
        "RequestTimeTooSkewed NotSignedUp InvalidEndpoint InvalidRegion AccountSuspended UserSuspended "
        "InvalidRegionName "
        "MissingRegion MissingEndpoint XAdminMethodNotSupported CrossLocationLoggingProhibited InvalidPayer "
        "RequestExpired InvalidHost WrongRegion UnknownEndpoint",
    ),
    CodeGroup(
        Cause.CONFIG,
        AZURE,
        "the account or subscription is not set up for this",
        "AccountIsDisabled SubscriptionNotFound SubscriptionNotRegistered ResourceGroupNotFound "
        "MissingSubscriptionRegistration ReadOnlyDisabledSubscription NoRegisteredProviderFound DisallowedOperation",
    ),
    CodeGroup(
        Cause.CONFIG,
        GCS,
        "the project is not set up for this",
        "accountDisabled billingNotEnabled UserProjectAccountProblem",
    ),
)
