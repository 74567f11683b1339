"""Wordings of the Kubernetes API and its clients (apimachinery pkg/api/errors, client-go, etcd, admission)."""

from cosictl.knowledge.message_rule import MessageRule, rule
from cosictl.model.failures import Cause, FixBy

_API = "k8s.io/apimachinery pkg/api/errors"
_OWNER = FixBy.CLAIM_OWNER

KUBE_RULES: tuple[MessageRule, ...] = (
    rule(
        "kube-uid-precondition",
        r"StorageError: invalid object|Precondition failed: UID in precondition",
        Cause.KUBE_NOT_FOUND,
        "StorageError: invalid object, Code: 4, AdditionalErrorMsg: Precondition failed: UID in precondition",
        retryable=False,
        fix_by=FixBy.NOBODY,
        source="k8s.io/apiserver pkg/storage",
    ),
    rule(
        "kube-conflict",
        r"Operation cannot be fulfilled on\b|the object has been modified",
        Cause.KUBE_CONFLICT,
        'Operation cannot be fulfilled on secrets "s": the object has been modified',
        source=_API,
    ),
    rule(
        "kube-exists",
        r"\.objectstorage\.k8s\.io \S+ already exists",
        Cause.KUBE_CONFLICT,
        'buckets.objectstorage.k8s.io "b" already exists',
        source=_API,
    ),
    rule(
        "kube-quota",
        r"\bis forbidden: exceeded quota",
        Cause.QUOTA,
        'secrets "s" is forbidden: exceeded quota: q',
        source=_API,
    ),
    rule(
        "kube-ns-terminating",
        r"because it is being terminated",
        Cause.KUBE_FORBIDDEN,
        "unable to create new content in namespace x because it is being terminated",
        fix_by=_OWNER,
        source=_API,
    ),
    rule(
        "kube-webhook-down",
        r"failed calling webhook .*(\bno endpoints available|connection refused|EOF|no route)",
        Cause.BACKEND_UNREACHABLE,
        'failed calling webhook "v": no endpoints available for service',
        source="apiserver admission",
    ),
    rule(
        "kube-webhook-denied",
        r"admission webhook \S+ denied the request|denied by policy|violates PodSecurity",
        Cause.KUBE_FORBIDDEN,
        'admission webhook "v" denied the request: no',
        source="apiserver admission",
    ),
    rule(
        "kube-forbidden",
        r"\bis forbidden: User|cannot (get|list|watch|create|update|patch|delete) resource",
        Cause.KUBE_FORBIDDEN,
        'buckets is forbidden: User "u" cannot create resource "buckets"',
        source=_API,
    ),
    rule(
        "kube-unauthorized",
        r"^(error: )?(Unauthorized|You must be logged in to the server.*)\W*$",
        Cause.CREDENTIALS,
        "Unauthorized",
        source=_API,
    ),
    rule(
        "kube-no-resource",
        r"the server could not find the requested resource|\bno matches for kind",
        Cause.CONFIG,
        "the server could not find the requested resource (get bucketclasses)",
        source=_API,
    ),
    rule(
        "secret-invalid",
        r"Secret \S+ is invalid",
        Cause.SECRET_PROBLEM,
        'Secret "A_b" is invalid: metadata.name: Invalid value',
        fix_by=_OWNER,
        source=_API,
    ),
    rule(
        "kube-invalid",
        r"\.objectstorage\.k8s\.io \S+ is invalid:",
        Cause.INVALID_PARAMETER,
        'buckets.objectstorage.k8s.io "b" is invalid: spec: Invalid value',
        fix_by=_OWNER,
        source=_API,
    ),
    rule(
        "access-secret-missing",
        r"^secrets \S+ not found",
        Cause.SECRET_PROBLEM,
        'secrets "s" not found',
        fix_by=_OWNER,
        source="v0.2.2 bucketaccess_controller.go:373",
    ),
    rule(
        "secret-missing",
        r"\bsecrets? \S+ (was )?not found",
        Cause.SECRET_PROBLEM,
        'resolving backend: secrets "conn" not found',
        source=_API,
    ),
    rule(
        "secret-unread",
        r"(fetch|read|gett?|load|retriev)(ing|e)? (the )?secret\b",
        Cause.SECRET_PROBLEM,
        "error while fetching secret used in the class",
        retryable=None,
        fix_by=FixBy.ADMIN,
        source="drivers that mask the API error",
    ),
    rule(
        "etcd",
        r"etcdserver: (leader changed|no leader|request timed out|too many requests|mvcc)",
        Cause.BACKEND_ERROR,
        "etcdserver: leader changed",
        source="etcd api/v3rpc/rpctypes",
    ),
    rule(
        "kube-timeout",
        r"request did not complete within requested timeout|could not be completed at this time|"
        r"the server was unable to return a response in the time allotted",
        Cause.TIMEOUT,
        "Timeout: request did not complete within requested timeout - context deadline exceeded",
        source=_API,
    ),
    rule(
        "kube-throttled",
        r"client rate limiter Wait returned an error|the server has received too many requests|"
        r"client-side throttling",
        Cause.THROTTLED,
        "client rate limiter Wait returned an error: context deadline exceeded",
        source="client-go rest",
    ),
    rule(
        "kube-starting",
        r"the server is currently unable to handle the request|apiserver not ready",
        Cause.BACKEND_ERROR,
        "the server is currently unable to handle the request",
        source=_API,
    ),
)
