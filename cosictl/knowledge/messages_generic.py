"""Wordings that drivers and storage backends share, whatever the SDK. The order matters: the first match decides."""

from cosictl.knowledge.message_rule import MessageRule, rule
from cosictl.model.failures import Cause, FixBy

_S3 = "S3-compatible servers' error messages"
_DRIVER = "wording common to COSI drivers"
_OWNER = FixBy.CLAIM_OWNER
_DEV = FixBy.DRIVER_DEVELOPER

GENERIC_RULES: tuple[MessageRule, ...] = (
    # The set-up of the driver itself.
    rule(
        "credential-chain",
        r"\bno valid providers in chain|failed to refresh cached credentials|\bno EC2 IMDS role|"
        r"get credentials: |could not find default credentials|unable to locate credentials|credentials? (has|"
        r"have|is|are) expired|"
        r"anonymous caller|failed to retrieve credentials|static credentials are empty|invalid_(grant|client)\b|"
        r"cannot fetch token|GCE metadata .{0,80} not defined",
        Cause.CREDENTIALS,
        "no valid providers in chain. Deprecated.",
        source="AWS SDK credential providers",
    ),
    rule(
        "secret-incomplete",
        r"(required|missing|empty|cannot be empty|not found|invalid|extract\S*|fetching|ilegível|unreadable|"
        r"malformed|parse|decode)"
        r".{0,60}\bsecret\b(?!\S* access)|\bsecret\b.{0,80}(required|missing|is empty|cannot be empty|not found|"
        r"incomplete|no key|has no)|"
        r"(accessKey|access_key|secretKey).{0,60}(required|cannot be empty|are missing)|\bca\.crt\b",
        Cause.SECRET_PROBLEM,
        "accessKey, secretKey and endpoint are required data in the secret",
        source=_DRIVER,
    ),
    rule(
        "python-or-go-bug",
        r"Exception calling application: |object has no attribute|NoneType|index out of range|"
        r"interface conversion:|json: cannot unmarshal|KeyError:|TypeError:|NullPointerException|assignment to "
        r"entry in nil map|"
        r"slice bounds out of range",
        Cause.DRIVER_BUG,
        "Exception calling application: 'NoneType' object has no attribute 'id'",
        source="language runtimes",
    ),
    rule(
        "malformed-request",
        r"malformed (XML|policy|ACL)|XML you provided was not well-formed|policy has invalid (resource|action|"
        r"principal)",
        Cause.DRIVER_BUG,
        "malformed XML in request for bucket b",
        source=_S3,
    ),
    rule(
        "rpc-unimplemented",
        r"(unknown|unimplemented) (service|method)\b|\bmethod (\S+ )?not implemented",
        Cause.UNSUPPORTED,
        "unknown service cosi.v1alpha1.Identity",
        "method DriverDeleteBucket not implemented",
        fix_by=_DEV,
        source="grpc-go server.go",
    ),
    rule(
        "request-empty",
        r"(user name|account|bucket) .{0,30}cannot be empty|(account_id|bucket_id|bucketId|accountId|name) is required",
        Cause.INVALID_PARAMETER,
        "user name or bucket name cannot be empty",
        fix_by=_DEV,
        source=_DRIVER,
    ),
    # Names.
    rule(
        "empty-resource-name",
        r"resource name may not be empty",
        Cause.CONFIG,
        "rpc error: code = Internal desc = failed to read credentials: resource name may not be empty",
        retryable=None,
        fix_by=FixBy.UNKNOWN,
        source="k8s.io/client-go rest/request.go: a driver that looks up an object without being told its name",
    ),
    rule(
        "invalid-name",
        r"(invalid|illegal|bad|not a valid|unacceptable) (s3 )?(bucket|container|resource|storage account)[ -]?names?|"
        r"(bucket|container|resource) name .{0,60}(invalid|must|cannot|can't|may not|should|too long|too short|"
        r"contains|is not valid|"
        r"not allowed|longer|exceeds|does not (match|conform))|name (is )?(too long|longer than)|specified bucket "
        r"is not valid|"
        r"name must be (between|lowercase|at least|at most)|name contains (an )?invalid|must be a valid (DNS|bucket)",
        Cause.INVALID_NAME,
        "invalid bucket name: b",
        "Bucket name cannot be longer than 63 characters",
        source=_S3,
    ),
    # Limits.
    rule(
        "rate",
        r"throttl|rate (limit|exceeded)|too many requests|reduce your request rate|slow down|requests? per "
        r"(second|minute|hour)|"
        r"request limit exceeded|server is busy|please reduce|quota metric",
        Cause.THROTTLED,
        "Rate exceeded, please reduce your request rate",
        source=_S3,
    ),
    rule(
        "quota",
        r"quota (is |was |has been )?(exceeded|reached)|(exceed\w*|over|reached|beyond|out of) .{0,40}(quota|limit)|"
        r"limit (exceeded|reached|per)|more buckets than allowed|too[ _]many[ _](buckets|users|keys|access keys)|"
        r"bucket "
        r"limit|"
        r"maximum (number|allowed)|minimum free drive|\bno space left|insufficient (storage|space|capacity)|disk "
        r"(is )?full|"
        r"storage (is )?full|out of (disk )?space",
        Cause.QUOTA,
        "You have attempted to create more buckets than allowed",
        source=_S3,
    ),
    # Identity and rights.
    rule(
        "account-state",
        r"positive balance|billing|licen[cs]e .{0,30}(expired|invalid|required|exceeded)|not signed up\b|account "
        r"(is )?(disabled|suspended|inactive|locked)|"
        r"subscription .{0,30}(disabled|not found|not registered)|payment required|(feature|service|api) "
        r".{0,30}(not enabled|disabled|has not been used)",
        Cause.CONFIG,
        "Your account must have a positive balance to use Object Storage",
        source=_DRIVER,
    ),
    rule(
        "credentials",
        r"access key id you provided|\bAuthFailure\b|signature (we calculated|mismatch|does not match)|"
        r"authentication (signature|"
        r"failed|error|required)|"
        r"authenticate the request|invalid (authentication|access key|api|auth\w*)? ?(credentials?|tokens?)|bad "
        r"credentials|invalid access key|"
        r"(token|credentials?|key) (has |have |is |are )?(expired|invalid|revoked|inactive)|expired token|\b401 "
        r"unauthorized|unauthenticated|"
        r"login (failed|required)|wrong (user ?name|password)|verify the correctness of .{0,40}(information|"
        r"credential)|not authenticated|"
        r"could not authenticate|invalid login|unable to authenticate|unauthorized.{0,20}\b401\b",
        Cause.CREDENTIALS,
        "The request signature we calculated does not match the signature you provided",
        source=_S3,
    ),
    rule(
        "permission",
        r"access denied|access is denied|permission denied|not authorized|not authorised|insufficient (permission|"
        r"privilege|right)|"
        r"\bis forbidden|\bforbidden\b|does not have .{0,40}(permission|access)|not permitted|operation not allowed|"
        r"\bno permission|"
        r"only admin|lacks? .{0,30}permission|explicit deny|unauthorized|not allowed to\b|requires? "
        r".{0,30}(privilege|permission|admin)",
        Cause.PERMISSION,
        "Access Denied.",
        "User: arn is not authorized to perform: s3:CreateBucket",
        source=_S3,
    ),
    rule(
        "clock",
        r"too skewed|(clock|time) skew|time difference|RequestTimeTooSkewed|request timestamp|request has expired|"
        r"difference between the request time",
        Cause.CONFIG,
        "The difference between the request time and the server's time is too large: too skewed",
        source=_S3,
    ),
    rule(
        "region",
        r"region is wrong|addressed using the specified endpoint|location constraint is incompatible|wrong "
        r"(region|endpoint)|"
        r"authorization header is malformed|not (the )?(correct|right) (region|endpoint)|single root user mode|"
        r"invalid backend ID\b|unknown backend|(replication|placement|storage) (group|policy|pool|target) "
        r".{0,20}not (found|exist)|"
        r"(no|not) .{0,40}configured|\bis not configured|misconfigur|driver only serves|failed to parse "
        r".{0,30}configuration|"
        r"unsupported .{0,10}endpoint",
        Cause.CONFIG,
        "The authorization header is malformed; the region is wrong; expecting 'eu-central-1'",
        source=_S3,
    ),
    # State of the thing.
    rule(
        "user-attached",
        r"has attached|still attached|delete conflict|must (detach|delete|remove) .{0,30}(polic|key|user|first)|"
        r"\blease\b.{0,40}\b(on|id|present|no)\b|under (legal|retention)|\bis leased",
        Cause.NOT_EMPTY,
        "user u has attached resources",
        retryable=False,
        fix_by=FixBy.ADMIN,
        source="IAM and Azure messages",
    ),
    rule(
        "not-empty",
        r"not empty|WORM|object.lock|(?<!database )(?<!table )(?<!file )is locked|retention (period|policy)|"
        r"contains? objects|still (has|contains)|"
        r"non-?empty|"
        r"\bis protected and cannot",
        Cause.NOT_EMPTY,
        "The bucket you tried to delete is not empty",
        source=_S3,
    ),
    rule(
        "owned",
        r"already own(ed|s)?\b|previous request to create|you already own",
        Cause.ALREADY_EXISTS,
        "bucket b already owned by you",
        fix_by=_DEV,
        source=_S3,
    ),
    rule(
        "operation-pending",
        r"\ban? operation (with|for|on) .{0,150}?already (exists|in progress|pending|running)",
        Cause.BACKEND_ERROR,
        "an operation with the given bucket name already exists",
        "an operation for bucket b is already running",
        retryable=True,
        fix_by=FixBy.NOBODY,
        source="the wording of storage drivers for a call that another one holds up, with Aborted",
    ),
    rule(
        "exists",
        r"already (exists?|in use|taken|registered)|(name|label|bucket) (is )?(taken|in use)|exists with "
        r"different|(bucket|user|key|already)_exists|duplicate_|"
        r"\bis not available\. The bucket namespace|bucket name is not available|duplicate (key|name|entry)|"
        r"conflicting bucket",
        Cause.ALREADY_EXISTS,
        "bucket b already exists",
        source=_S3,
    ),
    # Busy or broken backends.
    rule(
        "read-only",
        r"read.?only (mode|state)|\bis read.?only\b",
        Cause.BACKEND_ERROR,
        "cluster is in read-only mode",
        retryable=None,
        source="Ceph, MinIO and file system messages: it ends by itself or needs an admin",
    ),
    rule(
        "busy",
        r"temporarily|being (deleted|created|modified|updated)|\bin progress|try again|please retry|not (yet "
        r")?(started|initialized|ready)\b|"
        r"starting up\b|service unavailable|not available yet|bad gateway|internal server error|service failure|"
        r"internal error.{0,30}(try|encountered)|\bwe encountered an internal error|server error|\bbusy\b|"
        r"overloaded|leader election|(database|table|file) is locked|too many open files|"
        r"\bno leader|deadlock|maintenance|quorum|resource temporarily",
        Cause.BACKEND_ERROR,
        "service temporarily unavailable for bucket b",
        source=_S3,
    ),
    # A proxy's page, or half of an answer: what the backend meant is lost.
    rule(
        "no-json",
        r"looking for beginning of (value|object key)|unexpected end of JSON|invalid character '.{1,6}' after",
        Cause.BACKEND_ERROR,
        "invalid character '<' looking for beginning of value",
        "unexpected end of JSON input",
        retryable=None,
        fix_by=FixBy.UNKNOWN,
        source="Go encoding/json",
    ),
    # Parameters.
    rule(
        "value-unsupported",
        r"\b(tier|type|mode|level|class|value) \S+ is unsupported",
        Cause.INVALID_PARAMETER,
        "Access Tier Cold is unsupported",
        source=_DRIVER,
    ),
    rule(
        "unsupported",
        r"not supported|unsupported|not implemented|does not (support|accept|provide|allow)|\bis not available (for|"
        r"in)|not offered|"
        r"unavailable (for|in) (this|region)",
        Cause.UNSUPPORTED,
        "authentication type IAM not implemented",
        source=_DRIVER,
    ),
    rule(
        "missing-thing",
        r"(replication group|namespace|(?<!service )account|region|endpoint|pool|tenant) .{0,30}(not found|does "
        r"not exist|not exist)",
        Cause.CONFIG,
        "tenant t does not exist",
        retryable=None,
        fix_by=FixBy.ADMIN,
        source=_DRIVER,
    ),
    rule(
        "backend-file-missing",
        r"\bno entry is found|\bno such file or directory|not found /\S",
        Cause.UNKNOWN,
        "filer: no entry is found in filer store",
        source=_DRIVER,
    ),
    rule(
        "identity-not-yet-known",
        r"service ?account .{0,120}(does not exist|not found)",
        Cause.UNKNOWN,
        "Service account a does not exist.",
        source="Google Cloud IAM: new identities take a while to be known",
    ),
    rule(
        "not-found",
        r"\b(not found|does not exist|cannot be found|doesn't exist|no such (bucket|user|entity|key|container|"
        r"file)|could not find|"
        r"not exist|unknown (user|bucket))\b",
        Cause.NOT_FOUND,
        "resource r not found",
        "The specified bucket does not exist",
        done=True,
        source=_S3,
    ),
    rule(
        "parameter",
        r"(unknown|invalid|illegal|wrong|\bbad|unrecognized|malformed) .{0,50}(parameter|value|permission|type|"
        r"schema|tier|region|"
        r"location|constraint|class|\bid\b|argument|option|format|policy|protocol|unit|mode|syntax|tag)|\b(is|are|"
        r"was|were) (required|missing|not provided|invalid|mandatory)|"
        r"\b(required|missing) (parameter|field|value|key)|parameters? (missing|required|must|is|are)\b|must be "
        r"(set|specified|provided|one of|a |an |in |between|positive)|"
        r"parsing .{0,20}: invalid syntax|strconv\.|error parsing|failed to parse|cannot parse|invalid [\w.-]+|"
        r"want \S+/|not provided|not specified|should (be|like)\b|\bis unsupported|out of range|wrong format",
        Cause.INVALID_PARAMETER,
        "region was not provided",
        "unknown permissions: admin",
        source=_DRIVER,
    ),
)
