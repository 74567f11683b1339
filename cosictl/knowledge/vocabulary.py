"""The words of a diagnosis and what they mean: outlooks, flags, causes, and who fixes."""

from collections.abc import Mapping

from cosictl.model.failures import Cause, FixBy
from cosictl.model.report import Flag, Outlook

OUTLOOKS: Mapping[Outlook, str] = {
    Outlook.READY: "In its desired state. An error that still stands on it is old.",
    Outlook.WAITING: "Held up by another object, which carries the cause. It goes on by itself once that one is right.",
    Outlook.RETRYING: "Being retried, and may succeed with nobody acting.",
    Outlook.LOOPING: "Being retried, and cannot succeed until somebody changes something.",
    Outlook.PARKED: "Failed, and nobody retries. It stays so until somebody acts.",
    Outlook.STALLED: "Nobody works on it, and no error says so: a lost hand-off, no sidecar, a deletion nobody saw.",
    Outlook.UNKNOWN: "The evidence cannot tell. The finding names what would.",
}

FLAGS: Mapping[Flag, str] = {
    Flag.TERMINATING: "Its deletion was asked for and a finalizer holds it.",
    Flag.ORPHANED: "The claim it belongs to does not exist any more.",
    Flag.STALE_ERROR: "An error stands on it that is older than its success. It means nothing now.",
    Flag.MARKED: "Somebody looked at it and said so in the annotation cosictl.dev/mark.",
    Flag.QUARANTINED: "Its driver name was changed so that no sidecar touches it; the old one is in an annotation.",
}

CAUSES: Mapping[Cause, str] = {
    Cause.INVALID_NAME: "The backend cannot accept the name of the bucket, now or ever.",
    Cause.INVALID_PARAMETER: "A value in a class, claim or access is wrong or missing.",
    Cause.UNSUPPORTED: "The request is valid, but this driver or backend does not offer it.",
    Cause.ALREADY_EXISTS: "The name is taken, or the bucket or user is there already.",
    Cause.PERMISSION: "The identity is known and lacks the right.",
    Cause.CREDENTIALS: "The identity is missing, wrong or expired.",
    Cause.NOT_EMPTY: "Something is left inside, attached or locked.",
    Cause.QUOTA: "A limit on number or size is reached.",
    Cause.THROTTLED: "A limit on the rate of requests is reached; it passes.",
    Cause.NOT_FOUND: "A bucket, user or key is missing in the backend. While deleting, the work is done.",
    Cause.CLASS_MISSING: "The BucketClass or BucketAccessClass does not exist.",
    Cause.BACKEND_UNREACHABLE: "No connection to the storage backend, or to another service on the way.",
    Cause.DRIVER_UNREACHABLE: "No connection to the driver over its socket.",
    Cause.TIMEOUT: "Connected, but no answer in time, or given up. The work may still have been done.",
    Cause.TLS: "Certificates or the TLS set-up do not fit.",
    Cause.BACKEND_ERROR: "The backend failed by itself.",
    Cause.INTERNAL_MASKED: "The driver swallowed the cause. Its own log is the place to look.",
    Cause.KUBE_CONFLICT: "Somebody wrote the object at the same moment; the next try resolves it.",
    Cause.KUBE_FORBIDDEN: "Kubernetes refuses: a role lacks a right, or an admission rule says no.",
    Cause.KUBE_NOT_FOUND: "Another Kubernetes object is missing.",
    Cause.SECRET_PROBLEM: "A Secret is missing, incomplete, or somebody else's.",
    Cause.WAITING: "COSI or an operator waits for something.",
    Cause.DRIVER_BUG: "The driver does what no driver should.",
    Cause.CONFIG: "Driver, backend, account or cluster are not set up for this use.",
    Cause.UNKNOWN: "The text does not tell.",
}

FIXERS: Mapping[FixBy, str] = {
    FixBy.NOBODY: "Nobody has to act.",
    FixBy.CLAIM_OWNER: "The owner of the claim or access: what must change stands in it, or in the bucket.",
    FixBy.ADMIN: "An admin of the cluster or of the backend.",
    FixBy.DRIVER_DEVELOPER: "The developer of the driver.",
    FixBy.UNKNOWN: "The evidence does not tell who.",
}
