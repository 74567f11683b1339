"""What each kind of change does, may leave behind, and how it is taken back: the sentences a plan is made of."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from cosictl.knowledge.policy import EditEffect
from cosictl.model.plan import Action


class Remedy(Struct, frozen=True, kw_only=True):
    """One kind of step.

    ``leaves`` is what may stay in the backend ("" for nothing), ``inverse`` the action that takes it back ("" for
    none), ``note`` how, or why there is none. Braces are filled from the step's values.
    """

    does: str
    leaves: str = ""
    inverse: str = ""
    note: str
    source: str


REMEDIES: Final[Mapping[Action, Remedy]] = {
    Action.MARK: Remedy(
        does="writes the annotation cosictl.dev/mark, and an Event that kubectl describe shows",
        inverse=Action.UNMARK,
        note="the annotation as it was before; the Event stays until it expires",
        source="cosictl",
    ),
    Action.UNMARK: Remedy(
        does="removes the annotation cosictl.dev/mark",
        inverse=Action.MARK,
        note="the same annotation again",
        source="cosictl",
    ),
    Action.NUDGE: Remedy(
        does="writes the annotation cosictl.dev/nudge, which makes the sidecar look at the object again",
        inverse=Action.UNMARK,
        note="removes the annotation; what the sidecar did meanwhile stays done",
        source="v0.2.2 internal/runtime/controller.go:320, run on a real API server",
    ),
    Action.QUARANTINE: Remedy(
        does="sets spec.driverName to {parked}, which no sidecar serves; {original} is kept in the annotation "
        "cosictl.dev/quarantined-driver",
        leaves="nothing now; deleted in this state, whatever a create has made in the backend would stay there",
        inverse=Action.RESUME,
        note="cosictl resume puts the driver's name back",
        source="v0.2.2 bucket_controller.go:82 (65 s of silence measured), :329-334",
    ),
    Action.RESUME: Remedy(
        does="sets spec.driverName back to {original}; its sidecar tries again at once",
        inverse=Action.QUARANTINE,
        note="cosictl quarantine stops it again",
        source="v0.2.2 bucket_controller.go:82",
    ),
    Action.REPAIR_HANDOFF: Remedy(
        does="writes {field}: {value} into the claim's status, which the controller lost",
        inverse=Action.RESTORE_STATUS,
        note="the status as it was before; accesses that were granted meanwhile stay granted",
        source="v0.2.2 bucketclaim.go:217,238 after bucket_controller.go:165; run on a real API server",
    ),
    Action.CREATE_SECRET: Remedy(
        does="creates an empty Secret of the name the sidecar looks for; it deletes it together with the access",
        note="none is needed: the Secret goes with the access",
        source="v0.2.2 bucketaccess_controller.go:373, run on a real API server",
    ),
    Action.RECREATE_BUCKET: Remedy(
        does="creates the Bucket object again, from the claim and its class, so that the sidecar takes up what it "
        "made in the backend",
        note="none: the object is deleted properly in the next step",
        source="COSI307; run on a real API server",
    ),
    Action.SET_RETAIN: Remedy(
        does="sets spec.deletionPolicy to Retain: the deletion finishes without asking the driver",
        leaves="bucket {bucket} and all its data stay in the backend; nobody in Kubernetes knows of it afterwards",
        note="none: Delete again would be a new deletion; cosictl undo can make a static Bucket on the old ID",
        source="v0.2.2 bucket_controller.go:232-274, run on a real API server",
    ),
    Action.DELETE_OBJECT: Remedy(
        does="deletes the object as kubectl delete does, and what it owns with it, on condition of its UID and version",
        note="none: made again it would be a new object that asks the driver for a new bucket or credential",
        source="v0.2.2 bucketclaim.go:104, bucket_controller.go:282-310",
    ),
    Action.REVOKE_AT_DRIVER: Remedy(
        does="calls DriverRevokeBucketAccess with account {account} and bucket {bucket}",
        note="none: only a new grant gives new credentials",
        source="specification, DriverRevokeBucketAccess is idempotent",
    ),
    Action.DELETE_AT_DRIVER: Remedy(
        does="calls DriverDeleteBucket with bucket {bucket}: the bucket goes, with some drivers all its data",
        note="none: the data are gone",
        source="specification, DriverDeleteBucket is idempotent; seaweedfs deletes recursively",
    ),
    Action.REMOVE_FINALIZER: Remedy(
        does="removes the finalizer {finalizer}, this one by name",
        note="none: an object that is being deleted takes no finalizer any more",
        source="Kubernetes API conventions: no new finalizers once deletionTimestamp is set",
    ),
    Action.RESTORE_STATUS: Remedy(
        does="puts the status back to what it was before the run: {field}: {value}",
        inverse=Action.REPAIR_HANDOFF,
        note="cosictl repair writes it again",
        source="the run's backup",
    ),
    Action.RECREATE_OBJECT: Remedy(
        does="creates the object again from the run's backup, without UID, version, finalizers and owners",
        note="none: delete it again with kubectl if it is not wanted",
        source="the run's backup",
    ),
}

EDITS: Final = frozenset(
    {
        Action.MARK,
        Action.UNMARK,
        Action.NUDGE,
        Action.QUARANTINE,
        Action.RESUME,
        Action.SET_RETAIN,
    }
)

# cosi-behaviour of each release, run on a real API server: what any edit does to a loop.
EDIT_EFFECTS: Final[Mapping[EditEffect, str]] = {
    EditEffect.RETRIES_NOW: "the edit itself causes one more attempt at once; the loop goes on",
    EditEffect.ENDS_LOOP: "the edit itself silently ends a failing loop until the sidecar restarts",
    EditEffect.NOTHING: "the edit itself does nothing: this release does not look at it",
}
