"""Command templates that several catalogue entries share.

Names stand after a slash (``bucketclaim/{claim}``) or as the value of an option, so that a hostile name cannot pass
for an option. Bucket is spelled with its group: other projects have a kind of that name too.
"""

from collections.abc import Mapping

from cosictl.knowledge.annotations import NUDGE

BUCKET = "buckets.objectstorage.k8s.io"
BUCKET_CLASS = "bucketclasses.objectstorage.k8s.io"
ACCESS_CLASS = "bucketaccessclasses.objectstorage.k8s.io"

SHOW_BUCKET = f"kubectl get {BUCKET}/{{bucket}} -o yaml"
SHOW_CLAIM = "kubectl get bucketclaim/{claim} -n {namespace} -o yaml"
# Metadata only: no command here prints what is in a Secret.
_SECRET_COLUMNS = "NAME:.metadata.name,CREATED:.metadata.creationTimestamp,FINALIZERS:.metadata.finalizers"
SECRET_AGE = f"kubectl get secret/{{secret}} -n {{namespace}} -o custom-columns={_SECRET_COLUMNS}"
SECRET_OWNER = f"{SECRET_AGE},OWNERS:.metadata.ownerReferences[*].name"
SHOW_ACCESS = "kubectl get bucketaccess/{name} -n {namespace} -o yaml"
BUCKET_HISTORY = "cosictl events bucket/{bucket}"
CLAIM_HISTORY = "cosictl events claim/{claim} -n {namespace}"
ACCESS_HISTORY = "cosictl events access/{name} -n {namespace}"
CLASSES = f"kubectl get {BUCKET_CLASS}"
ACCESS_CLASSES = f"kubectl get {ACCESS_CLASS}"
CLAIMS = "cosictl get claims -n {namespace}"

BUCKET_CLAIMS = f"kubectl get {BUCKET} -o custom-columns=NAME:.metadata.name,CLAIM:.spec.bucketClaim.uid"
DRIVER_NAMES = f"kubectl get {BUCKET},{BUCKET_CLASS} -o yaml | grep -i drivername"
# It says first what it would send, and asks.
PROBE_BUCKET = "cosictl probe-driver reproduce bucket/{bucket} --driver={driver}"
PROBE_ACCESS = "cosictl probe-driver reproduce access/{name} -n {namespace} --driver={driver}"
EVENTS_WITHOUT_OBJECT = "kubectl get events -n default --sort-by=.lastTimestamp"

LEASES = "kubectl get leases.coordination.k8s.io -A"
LOGS = "kubectl logs -n {sidecar_namespace} pod/{pod} --all-containers --tail=500 | cosictl classify -"
READ_LOGS = "cosictl diagnose --logs --previous"
LAST_LOGS = "kubectl logs -n {sidecar_namespace} pod/{pod} --all-containers --previous --tail=500 | cosictl classify -"
SHOW_POD = "kubectl describe -n {sidecar_namespace} pod/{pod}"
IMAGE_IDS = "kubectl get -n {sidecar_namespace} pod/{pod} -o jsonpath='{{.status.containerStatuses[*].imageID}}'"
POD_LIST = "kubectl get pods -A -o wide"

NUDGE_BUCKET = f'kubectl annotate {BUCKET}/{{bucket}} {NUDGE}="$(date +%s)" --overwrite'
NUDGE_CLAIM = f'kubectl annotate bucketclaim/{{claim}} -n {{namespace}} {NUDGE}="$(date +%s)" --overwrite'
# For findings that any of the three kinds can carry; the namespace goes where the kind has none.
NUDGE_ANY = f'kubectl annotate {{resource}}/{{name}} -n {{namespace}} {NUDGE}="$(date +%s)" --overwrite'
HISTORY = "cosictl events {kind}/{name} -n {namespace}"
SHOW = "kubectl get {resource}/{name} -n {namespace} -o yaml"
REPAIR_ACCESS = "cosictl repair access/{name} -n {namespace}"
RETAIN = f"""kubectl patch {BUCKET}/{{bucket}} --type=merge -p '{{{{"spec":{{{{"deletionPolicy":"Retain"}}}}}}}}'"""
LET_GO = "cosictl cleanup bucket/{bucket} --retain"
LET_GO_ORPHAN = f"{LET_GO} --even-if-retrying bucket/{{bucket}}"
DELETE_CLAIM = "cosictl cleanup claim/{claim} -n {namespace}"
DELETE_ACCESS = "cosictl cleanup access/{name} -n {namespace}"

# Each of these only plans; what it would do stands there before anything is done.
REPAIR_CLAIM = "cosictl repair claim/{claim} -n {namespace}"

# What a command shows where a name is not known: capitals stand out, and mean nothing to a shell.
BLANKS: Mapping[str, str] = {
    key: key.upper()
    for key in (
        "kind",
        "resource",
        "name",
        "namespace",
        "bucket",
        "claim",
        "class",
        "driver",
        "finalizer",
        "secret",
        "pod",
        "sidecar_namespace",
    )
}
