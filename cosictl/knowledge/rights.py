"""The rights that cosictl's commands take, use by use: the requests they send, and what is lost without each.

The requests stand in ``cluster/``: ``lists.py`` (what a diagnosis lists), ``watching.py``, ``pod_logs.py``,
``follow.py`` (reproduce), ``pods.py`` and ``pod_exec.py`` (the way into a Pod), ``writer.py`` with ``remedy/writes.py``
(changes). A test takes every row away and sees a command report it.

What every user who is known has anyway is not here: discovery (``system:discovery``), and reviews about oneself
(``system:basic-user``).
"""

from typing import Final

from cosictl.model.refs import Api
from cosictl.model.rights import Right, Use, Where

_COSI: Final = "objectstorage.k8s.io"
_CORE: Final = ""
_LEASES: Final = "coordination.k8s.io"

_LOOKING: Final = ("diagnose", "wait", "get", "events", "snapshot", "report", "sidecars")
_STAYING: Final = ("diagnose -w", "wait", "get -w")
_CHANGING: Final = ("mark", "unmark", "quarantine", "resume", "repair", "cleanup", "apply", "undo")
_IN_POD: Final = ("probe-driver --pod", "probe-driver --driver")
_TO_FIND: Final = ("probe-driver --driver",)
_REPRODUCE: Final = ("probe-driver reproduce",)

# What a diagnosis lists: group, resource, where, and what is not seen without it.
_LISTED: Final = (
    (_COSI, "buckets", Where.CLUSTER, "Buckets are not seen, nor why a claim waits"),
    (_COSI, "bucketclaims", Where.NAMESPACE, "claims are not seen, nor whether a Bucket is orphaned"),
    (_COSI, "bucketaccesses", Where.NAMESPACE, "accesses are not seen"),
    (_COSI, "bucketclasses", Where.CLUSTER, "a class that is missing or wrong is not seen"),
    (_COSI, "bucketaccessclasses", Where.CLUSTER, "an access class that is missing or wrong is not seen"),
    (_CORE, "events", Where.EVENTS, "failures on v1alpha1 are not seen, for they are recorded nowhere else"),
    (_LEASES, "leases", Where.EVERYWHERE, "whether sidecars and controllers live is not seen"),
    (_CORE, "pods", Where.EVERYWHERE, "which sidecar release runs, and whether it dies, is not seen"),
)

READ_ONLY: Final = (
    *(
        Right(use=Use.READ_ONLY, group=group, resource=resource, verb="list", where=where, commands=_LOOKING, lost=lost)
        for group, resource, where, lost in _LISTED
    ),
    *(
        Right(
            use=Use.READ_ONLY,
            group=group,
            resource=resource,
            verb="watch",
            where=where,
            commands=_STAYING,
            lost="the list is read again every 5 s instead",
        )
        for group, resource, where, _ in _LISTED
    ),
    Right(
        use=Use.READ_ONLY,
        group=_CORE,
        resource="pods/log",
        verb="get",
        where=Where.EVERYWHERE,
        commands=("diagnose --logs", "events --logs", "report --logs"),
        lost="logs are not read: silent loops and crashes are not told apart",
    ),
)

PROBE: Final = (
    Right(
        use=Use.PROBE,
        group=_CORE,
        resource="pods",
        verb="get",
        where=Where.NAMESPACE,
        commands=_IN_POD,
        lost="the driver's socket is not found",
    ),
    Right(
        use=Use.PROBE,
        group=_CORE,
        resource="pods/exec",
        verb="get",
        where=Where.NAMESPACE,
        commands=_IN_POD,
        lost="there is no way to the socket: a WebSocket begins with a GET",
    ),
    # Asked for beside get by default since Kubernetes 1.35 (kubernetes/kubernetes pull request 134577, feature gate
    # AuthorizePodWebsocketUpgradeCreatePermission).
    Right(
        use=Use.PROBE,
        group=_CORE,
        resource="pods/exec",
        verb="create",
        where=Where.NAMESPACE,
        commands=_IN_POD,
        lost="there is no way to the socket on Kubernetes 1.35 and newer, which asks for get and create",
    ),
    Right(
        use=Use.PROBE,
        group=_CORE,
        resource="pods/ephemeralcontainers",
        verb="patch",
        where=Where.NAMESPACE,
        commands=("probe-driver --debug-image",),
        lost="no container can be added where the Pod has no socat",
    ),
    Right(
        use=Use.PROBE,
        group=_CORE,
        resource="pods",
        verb="list",
        where=Where.EVERYWHERE,
        commands=_TO_FIND,
        lost="the driver's Pod is not found by its driver's name: name it with --pod",
    ),
    Right(
        use=Use.PROBE,
        group=_LEASES,
        resource="leases",
        verb="list",
        where=Where.EVERYWHERE,
        commands=_TO_FIND,
        lost="of several Pods the one that serves is not known: name it with --pod",
    ),
    Right(
        use=Use.PROBE,
        group=_COSI,
        resource="buckets",
        verb="get",
        where=Where.CLUSTER,
        commands=_REPRODUCE,
        lost="what the sidecar sends for a Bucket or access is not known",
    ),
    Right(
        use=Use.PROBE,
        group=_COSI,
        resource="bucketclaims",
        verb="get",
        where=Where.NAMESPACE,
        commands=_REPRODUCE,
        lost="a claim's Bucket is not found, nor what an access is for",
    ),
    Right(
        use=Use.PROBE,
        group=_COSI,
        resource="bucketaccesses",
        verb="get",
        where=Where.NAMESPACE,
        commands=_REPRODUCE,
        lost="what the sidecar sends for an access is not known",
    ),
    Right(
        use=Use.PROBE,
        group=_COSI,
        resource="bucketaccessclasses",
        verb="get",
        where=Where.CLUSTER,
        commands=_REPRODUCE,
        lost="the parameters that a v1alpha1 sidecar sends for an access are not known",
        api=Api.V1ALPHA1,
    ),
    Right(
        use=Use.PROBE,
        group=_CORE,
        resource="events",
        verb="list",
        where=Where.EVENTS,
        commands=_REPRODUCE,
        lost="an answer cannot be compared with what a v1alpha1 sidecar recorded",
        api=Api.V1ALPHA1,
    ),
)

# What is changed: group, resource, verb, where, commands, and what cannot be done without it.
_CHANGES: Final = (
    (_COSI, "buckets", "get", Where.CLUSTER, _CHANGING, "no Bucket can be changed: each is read before it is"),
    (_COSI, "bucketclaims", "get", Where.NAMESPACE, _CHANGING, "no claim can be changed: each is read before it is"),
    (_COSI, "bucketaccesses", "get", Where.NAMESPACE, _CHANGING, "no access can be changed: each is read before it is"),
    (_CORE, "secrets", "get", Where.NAMESPACE, ("repair", "cleanup"), "Secrets of accesses are left as they are"),
    (
        *(_COSI, "buckets", "patch", Where.CLUSTER),
        ("mark", "unmark", "quarantine", "resume", "repair", "cleanup", "undo"),
        "no Bucket is marked, parked, woken, kept or freed",
    ),
    (
        *(_COSI, "bucketclaims", "patch", Where.NAMESPACE, ("mark", "unmark", "repair", "cleanup", "undo")),
        "no claim is marked, woken or freed",
    ),
    (
        *(_COSI, "bucketclaims/status", "patch", Where.NAMESPACE, ("repair", "cleanup", "undo")),
        "a claim that never heard of its Bucket is not told",
    ),
    (
        *(_COSI, "bucketaccesses", "patch", Where.NAMESPACE, ("mark", "unmark", "repair", "cleanup", "undo")),
        "no access is marked, woken or freed",
    ),
    (_CORE, "secrets", "patch", Where.NAMESPACE, ("repair", "cleanup"), "no Secret is freed of COSI's finalizer"),
    (_COSI, "buckets", "delete", Where.CLUSTER, ("cleanup",), "orphaned Buckets stay"),
    (_COSI, "bucketclaims", "delete", Where.NAMESPACE, ("cleanup",), "claims that cannot be served stay"),
    (_COSI, "bucketaccesses", "delete", Where.NAMESPACE, ("cleanup",), "accesses that cannot be granted stay"),
    (_COSI, "buckets", "create", Where.CLUSTER, ("repair", "cleanup", "undo"), "no Bucket is made again"),
    (_COSI, "bucketclaims", "create", Where.NAMESPACE, ("undo",), "no deleted claim is made again"),
    (_COSI, "bucketaccesses", "create", Where.NAMESPACE, ("undo",), "no deleted access is made again"),
    (_CORE, "secrets", "create", Where.NAMESPACE, ("repair", "cleanup"), "a deletion that misses a Secret stays stuck"),
    (_CORE, "events", "create", Where.EVENTS, ("mark",), "a mark has no Event, so kubectl describe does not show it"),
)

REMEDY: Final = (
    *(
        Right(use=Use.REMEDY, group=group, resource=resource, verb="list", where=where, commands=_CHANGING, lost=lost)
        for group, resource, where, lost in _LISTED
    ),
    Right(
        use=Use.REMEDY,
        group=_CORE,
        resource="namespaces",
        verb="get",
        where=Where.CLUSTER,
        commands=_CHANGING,
        lost="nothing can be changed: that a plan is for this cluster cannot be told",
        names=("kube-system",),
    ),
    *(
        Right(use=Use.REMEDY, group=group, resource=resource, verb=verb, where=where, commands=commands, lost=lost)
        for group, resource, verb, where, commands, lost in _CHANGES
    ),
)

RIGHTS: Final = (*READ_ONLY, *PROBE, *REMEDY)
