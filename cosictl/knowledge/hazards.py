"""What surprises people about each release, each fact with the place it was read."""

from collections.abc import Mapping

from cosictl.knowledge.policy import Hazard

EVERY_CODE = Hazard(
    slug="every-code-is-retried",
    text="No error of the driver ends the retries; a final one is repeated every 30 s for ever.",
    source="v0.2.2 internal/runtime/controller.go:320, bucket_controller.go:409-415",
)
SILENT_ALREADY_EXISTS = Hazard(
    slug="silent-already-exists",
    text="Create answered AlreadyExists, or OK without an ID, is retried for ever and leaves no event.",
    source="v0.2.2 bucket_controller.go:138-151",
)
GRANT_CRASH = Hazard(
    slug="grant-already-exists-crash",
    text="Grant answered AlreadyExists crashes the sidecar (exit 2) again after every restart, so everything of the "
    "driver stops.",
    source="v0.2.2 bucketaccess_controller.go:187",
)
REPEATED_GRANT = Hazard(
    slug="repeated-grant",
    text="A failure after the grant repeats the grant: one more user or key at the backend per attempt.",
    source="v0.2.2 bucketaccess_controller.go:241-302",
)
REVOKE_NOT_FOUND = Hazard(
    slug="revoke-not-found",
    text="Revoke answered NotFound does not count as done: the access stays Terminating.",
    source="v0.2.2 bucketaccess_controller.go:368",
)
SILENT_SECRET = Hazard(
    slug="silent-secret-deletion",
    text="When the Secret cannot be deleted the handler reports success: the access stays Terminating without a word.",
    source="v0.2.2 bucketaccess_controller.go:390-397",
)
FOREIGN_SIDECAR = Hazard(
    slug="foreign-sidecar",
    text="With several sidecars in a cluster any of them removes the finalizers of a terminating Bucket, and revokes "
    "accesses at its own driver: backend buckets and credentials are left behind.",
    source="v0.2.2 bucket_controller.go:232-274,328-335, bucketaccess_controller.go:346 (measured: 4 of 4)",
)
NO_DEADLINE = Hazard(
    slug="no-rpc-deadline",
    text="Calls to the driver have no deadline: a hanging driver holds a worker for ever and nothing is recorded.",
    source="v0.2.2 internal/runtime/controller.go:117-140",
)
LOST_UPDATE = Hazard(
    slug="lost-update",
    text="A change that arrives while a handler runs is forgotten when that handler succeeds, a deletion included; "
    "any later edit wakes the object.",
    source="v0.2.2 internal/runtime/controller.go:320-322",
)
DELETE_NOTICE = Hazard(
    slug="delete-notice-once",
    text="The notice that frees a claim when its Bucket is gone is handled once and never repeated.",
    source="v0.2.2 internal/runtime/controller.go:281-285, bucket_controller.go:282-310",
)
OLD_DELAY = Hazard(
    slug="delay-never-reset",
    text="The failure count survives a success: the next failure starts at the old, long delay.",
    source="v0.2.2 internal/runtime/controller.go:319-325",
)
HAND_OFF_RACE = Hazard(
    slug="hand-off-race",
    text="The controller can overwrite the ready flag of a claim that the sidecar has just set (300 of 300 claims in "
    "a batch with an instant driver); nothing repairs it.",
    source="v0.2.2 bucketclaim.go:217,238",
)
EVENTS_NEED_PATCH = Hazard(
    slug="events-need-patch",
    text="Without the right to patch events the count stays 1, the time freezes and the event expires while the loop "
    "goes on.",
    source="measured on v0.2.2; seen in the roles of two public drivers",
)
EDIT_ENDS = Hazard(
    slug="edit-ends-loop",
    text="Any edit of an object replaces its queued retry by a no-op: the loop ends without a word until the sidecar "
    "restarts.",
    source="v0.2.1 bucket_controller.go:215, bucketaccess_controller.go:313",
)
DELETION_NOT_RESUMED = Hazard(
    slug="deletion-not-resumed",
    text="A restart does not resume a deletion; an edit of the terminating object does.",
    source="v0.2.1 bucket_controller.go (Add does not look at deletionTimestamp; changed by pull request 89)",
)
MUTE_OUTSIDE_DEFAULT = Hazard(
    slug="mute-outside-default",
    text="Events are written in the pod's own namespace only. Bucket events belong in default, so from any other "
    "namespace none is ever written; the text stands in the sidecar log alone.",
    source="kubernetes-sigs/container-object-storage-interface-provisioner-sidecar issue 140, measured",
)
EXITS_ZERO = Hazard(
    slug="start-failure-exits-0",
    text="A failed start ends with exit code 0, so the pod looks as if it had finished its work.",
    source="image-60 start-up (v0.2.2 exits 1 since pull request 131)",
)
NO_DELETION = Hazard(
    slug="deletion-not-implemented",
    text="Deletion removes the finalizers and cleans nothing: every deletion leaves the backend bucket or credential "
    "behind.",
    source="main ee00c269 sidecar/pkg/reconciler/bucket.go:141-149, controller/pkg/reconciler/bucketclaim.go:142-150",
)
ACCESS_DELETION_UNSEEN = Hazard(
    slug="access-deletion-unseen",
    text="The deletion of an access wakes nobody until the sidecar restarts.",
    source="main ee00c269 sidecar/pkg/reconciler/bucketaccess.go:116-131",
)
SLOW_HAND_OFF = Hazard(
    slug="slow-hand-off",
    text="Claims and accesses look for their Bucket by backoff, not by watch: a ready Bucket may go unnoticed for up "
    "to 1000 s.",
    source="main ee00c269; issues 338, 254, 350, later solved by watches (366, 372, 394)",
)
ILLEGAL_ID = Hazard(
    slug="illegal-id",
    text="An ID or account that breaks the API's pattern (an ARN, for its colons) cannot be stored: the error "
    "vanishes and the call is repeated for ever.",
    source="main ee00c269 sidecar/pkg/reconciler/bucket.go:219, bucketaccess.go:238",
)
ONE_WORKER = Hazard(
    slug="one-worker",
    text="One worker per kind and no deadline: a single hanging call holds up every Bucket of the driver.",
    source="main ee00c269 sidecar/pkg/reconciler, controller-runtime 0.23.1 defaults",
)
EXACT_DRIVER_NAME = Hazard(
    slug="exact-driver-name",
    text="Driver names are compared exactly, case included.",
    source="main ee00c269 sidecar/pkg/reconciler/bucket.go:115",
)
RETAIN_STAYS = Hazard(
    slug="retain-bucket-stays",
    text="A Bucket with policy Retain stays, annotated, after its claim is gone; the sidecar refuses to delete it.",
    source="later main sidecar/pkg/reconciler/bucket.go",
)
UNSETTLED = Hazard(
    slug="which-changes-merged",
    text="Which of the pull requests 372, 384, 394 and 404 an image of this time holds is not known from its tag.",
    source="pull requests of May to September 2026",
)
STOPS_NOTHING = Hazard(
    slug="stops-nothing",
    text="Every branch still returns an error and every error is requeued; eight codes lose their event on create.",
    source="the patch run: sixteen codes, eleven calls each in 95 s, as without it",
)
DELETE_NOT_FOUND = Hazard(
    slug="delete-not-found-regression",
    text="Delete answered NotFound no longer counts as done, so a deletion that is finished is retried for ever.",
    source="the report's patch beside v0.2.2 bucket_controller.go:262",
)
CONTRADICTS_SPEC = Hazard(
    slug="contradicts-v1alpha2",
    text="Stops on PermissionDenied and Unauthenticated, which v1alpha2 asks to retry, and strands quota, throttling "
    "and 'not empty', which heal with time.",
    source="v1alpha2 Error Scheme",
)

# What a person on call has to know first, and the findings by which each is seen to have happened.
SHOWN_BY: Mapping[str, tuple[str, ...]] = {
    GRANT_CRASH.slug: ("COSI406",),
    FOREIGN_SIDECAR.slug: ("COSI309", "COSI415"),
    HAND_OFF_RACE.slug: ("COSI201",),
    LOST_UPDATE.slug: ("COSI306", "COSI413"),
    NO_DELETION.slug: ("COSI314", "COSI305"),
    ACCESS_DELETION_UNSEEN.slug: ("COSI416",),
    EDIT_ENDS.slug: ("COSI206",),
    MUTE_OUTSIDE_DEFAULT.slug: ("COSI506",),
    SILENT_ALREADY_EXISTS.slug: ("COSI107", "COSI108"),
    REVOKE_NOT_FOUND.slug: ("COSI410",),
    SLOW_HAND_OFF.slug: ("COSI205",),
    ILLEGAL_ID.slug: ("COSI117",),
}
