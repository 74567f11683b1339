"""The texts after which a v1alpha2 component does not try again by itself.

In main (ee00c269) a reconciler wraps such errors as terminal; controller-runtime then does not requeue. Texts are
matched at the start of the message, after the prefix that says which component speaks, or after the ": " of a
wrapping error; one terminal part makes a joined error terminal.
"""

import re

from msgspec import Struct


class TerminalText(Struct, frozen=True, kw_only=True):
    """How a terminal message begins (a regular expression), and where it is written."""

    pattern: str
    source: str


_CLAIM = "main controller/pkg/reconciler/bucketclaim.go"
_BUCKET = "main sidecar/pkg/reconciler/bucket.go"
_CTL_ACCESS = "main controller/pkg/reconciler/bucketaccess.go"
_ACCESS = "main sidecar/pkg/reconciler/bucketaccess.go"
_LATER = "later main, deletion of Buckets and claims"

TERMINAL_TEXTS: tuple[TerminalText, ...] = (
    TerminalText(pattern="unrecoverable degradation: ", source=_CLAIM),
    TerminalText(pattern="bound Bucket does not match BucketClaim", source=_CLAIM),
    TerminalText(pattern="unbound Bucket does not match BucketClaim", source=_CLAIM),
    TerminalText(pattern="dynamic Bucket is malformed", source=_CLAIM),
    TerminalText(pattern="provisioned Bucket supports no protocols", source=_CLAIM),
    TerminalText(pattern="BucketClaim cannot have empty bucketClassName", source=_CLAIM),
    TerminalText(pattern="deletion is not yet implemented", source=_CLAIM),
    TerminalText(pattern='driver "[^"]{0,80}" does not support protocols', source=_BUCKET),
    TerminalText(pattern="failed to parse protocol list", source=_BUCKET),
    TerminalText(pattern="all bucketClaimRef fields must be set", source=_BUCKET),
    TerminalText(pattern="bucketClaimRef namespace and name must be set", source=_BUCKET),
    TerminalText(pattern="created bucket ID missing", source=_BUCKET),
    TerminalText(pattern="existing bucket ID missing", source=_BUCKET),
    TerminalText(pattern="created bucket protocol response missing", source=_BUCKET),
    TerminalText(pattern="existing bucket protocol response missing", source=_BUCKET),
    TerminalText(pattern="created bucket supports no protocols", source=_BUCKET),
    TerminalText(pattern="bucket required protocols missing", source=_BUCKET),
    TerminalText(pattern="access cannot be provisioned for one or more BucketClaims", source=_CTL_ACCESS),
    TerminalText(pattern="one or more features are disallowed by the BucketAccessClass", source=_CTL_ACCESS),
    TerminalText(pattern='BucketClaim "[^"]{0,253}" is referenced more than once', source=_CTL_ACCESS),
    TerminalText(pattern="processed a degraded BucketAccess", source=_CTL_ACCESS),
    TerminalText(pattern="existing access Secret", source=_ACCESS),
    TerminalText(pattern="multiple referenced BucketClaims use the same accessSecretName", source=_ACCESS),
    TerminalText(pattern="granted access response is invalid", source=_ACCESS),
    TerminalText(pattern="granted access is invalid", source=_ACCESS),
    TerminalText(pattern="cannot generate access for one or more Buckets", source=_ACCESS),
    TerminalText(pattern="driver does not support multi-bucket access", source=_ACCESS),
    TerminalText(pattern="cannot revoke access for BucketAccess with no account ID", source=_ACCESS),
    TerminalText(pattern="will not delete Bucket with non-delete deletion policy", source=_LATER),
    TerminalText(pattern="will not delete Bucket bound to a non-deleting BucketClaim", source=_LATER),
    TerminalText(pattern="administrator must resolve unexpected error", source=_LATER),
    TerminalText(pattern="driver does not implement DriverGenerateBucketId", source=_LATER),
)

_SPEAKERS = r"(?:COSI (?:Controller|Sidecar) error: )?"
# Wrapping errors of the access reconciler put their own words and ": " in front.
_WRAPPED = r"(?:failed to [a-zA-Z -]{3,80}: ){0,3}"
_TERMINAL = re.compile(_SPEAKERS + _WRAPPED + "(?:" + "|".join(row.pattern for row in TERMINAL_TEXTS) + ")")


def is_terminal(text: str) -> bool:
    """Whether a v1alpha2 component gave up after writing this message. Driver errors are decided by their code."""
    return _TERMINAL.match(text) is not None
