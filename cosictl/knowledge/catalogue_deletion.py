"""D, first half: Buckets that do not go away, and objects that nobody lets go."""

from cosictl.knowledge import commands as cmd
from cosictl.knowledge.entry import ALPHA1, ALPHA2, BOTH, Detect, Entry
from cosictl.model.failures import FixBy
from cosictl.model.report import Outlook

ENTRIES = (
    Entry(
        code="COSI301",
        id="D01",
        title="Driver refuses to delete the bucket",
        apis=BOTH,
        symptom="The Bucket is Terminating with its finalizer; event FailedDeleteBucket 'failed to delete bucket: rpc "
        "error: ...'.",
        tell_apart="The driver's own words: not empty, no permission, or the backend is away.",
        cause="The driver answers the delete with an error, and the sidecar repeats it for ever.",
        source="v0.2.2 bucket_controller.go:262",
        remedy="Empty the bucket, or repair the right. To let go and keep the data on v1alpha1: set deletionPolicy to "
        "Retain; this works on a terminating Bucket and frees Bucket and claim. On v1alpha2 a Bucket with Retain "
        "stays (COSI316).",
        risk="Removing the finalizer leaves the bucket and its data behind. Some drivers delete with everything "
        "inside, so a repaired right may delete data at once.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.BUCKET_HISTORY, cmd.SHOW_BUCKET, cmd.LET_GO),
        outlooks=(Outlook.LOOPING, Outlook.RETRYING, Outlook.PARKED, Outlook.UNKNOWN),
        stuck_hint="Waiting helps only if the error itself can pass.",
    ),
    Entry(
        code="COSI304",
        id="D04",
        title="Bucket cannot go: its claim is gone already",
        apis=ALPHA1,
        symptom="The Bucket is Terminating; event FailedDeleteBucket 'bucketclaims... not found'.",
        tell_apart="The claim really is absent. Somebody removed its finalizer by hand.",
        cause="After the driver's delete the sidecar wants to free the claim and cannot find it. Each try deletes at "
        "the driver again.",
        source="v0.2.2 bucket_controller.go:357",
        remedy="With policy Delete and a driver that answered OK: remove the one finalizer bucket-protection. Or make "
        "a placeholder claim of that name whose existingBucketName points nowhere (its UID is not checked; this way "
        "was not tried out).",
        risk="Nothing is left behind if the policy is Delete and the driver confirmed once. Do not give the "
        "placeholder a class: it would make a new bucket.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.BUCKET_HISTORY, cmd.SHOW_BUCKET, cmd.CLAIMS, "cosictl explain bucket-protection"),
        outlooks=(Outlook.LOOPING,),
        stuck_hint="Waiting does not help: the claim does not come back.",
    ),
    Entry(
        code="COSI305",
        id="D05",
        title="Bucket belongs to a claim that no longer exists",
        apis=BOTH,
        symptom="The Bucket is there and not being deleted; its claim is gone.",
        tell_apart="The claim UID in the Bucket's spec matches no claim.",
        cause="The claim's finalizer was removed, the claim was deleted before it was bound, or main of March 2026 "
        "deleted it without cleaning (COSI314).",
        source="v0.2.2 bucketclaim.go:104, main ee00c269 bucketclaim.go:142-150",
        remedy="Decide about the data first. To keep them: set Retain, then delete the Bucket object. To delete them: "
        "delete the Bucket with policy Delete. v1alpha1 with bucket-protection then stops at COSI304.",
        risk="Never delete by age: the data may be in use by somebody who has the credentials.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.SHOW_BUCKET, cmd.CLAIMS, cmd.LET_GO_ORPHAN),
        outlooks=(Outlook.READY,),
        stuck_hint="Waiting does not help: nobody cleans up orphans.",
    ),
    Entry(
        code="COSI306",
        id="D06",
        title="Being deleted, held by a finalizer, and nobody says why",
        apis=BOTH,
        symptom="deletionTimestamp is set, the finalizer stays, and there is no event.",
        tell_apart="Other deletions of the driver work, and its log shows no failing call. A hanging call (COSI109) "
        "looks the same.",
        cause="The request for deletion arrived while a handler was running and was forgotten when that succeeded. On "
        "image-60 and v0.2.1 a restart does not resume it either.",
        source="v0.2.2 internal/runtime/controller.go:320",
        remedy="v1alpha1: touch the object (an annotation): that wakes it; on v0.2.2 a restart of the sidecar does as "
        "well. v1alpha2: an edit does nothing there, restart the sidecar and the controller.",
        risk="This is no reason to remove finalizers: nothing shows that the driver has deleted anything.",
        fix_by=FixBy.ADMIN,
        detect=Detect.PROBE,
        meanwhile="COSI306",
        commands=(
            "cosictl diagnose -n {namespace}",
            cmd.LEASES,
            cmd.LOGS,
            "cosictl repair {kind}/{name} -n {namespace}",
        ),
        outlooks=(Outlook.UNKNOWN,),
        stuck_hint="Waiting does not help if the request was lost.",
        limits="whether the driver is being called stands in its log only",
    ),
    Entry(
        code="COSI308",
        id="D08",
        title="Cannot go: nobody serves its driver any more",
        apis=BOTH,
        symptom="The object is Terminating with its finalizer, without any event; no sidecar holds the driver's lease.",
        tell_apart="The lease is stale or missing, and the driver's pods are gone.",
        cause="The driver was uninstalled, or is down, before its objects were deleted.",
        source="v0.2.2 internal/runtime/controller.go (lease <driver>-cosi)",
        remedy="Install driver and sidecar again under the same driver name; the deletion then finishes. Think about "
        "finalizers only if that is impossible.",
        risk="Removing finalizers leaves everything the driver would delete: buckets, data, users and keys.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.LEASES, cmd.POD_LIST, "cosictl get drivers"),
        outlooks=(Outlook.STALLED,),
        stuck_hint="Waiting does not help without a sidecar.",
        limits="v1alpha2 sidecars take a lease only when asked to, so there it is a candidate only",
    ),
    Entry(
        code="COSI310",
        id="D10",
        title="Static Bucket without a claim cannot go",
        apis=ALPHA1,
        symptom="A static Bucket with an empty claim reference is Terminating; event 'resource name may not be empty'.",
        tell_apart="spec.bucketClaim of the Bucket is empty.",
        cause="The last step of the deletion frees the claim, and there is none.",
        source="v0.2.2 bucket_controller.go:354-357",
        remedy="Set deletionPolicy to Retain, then remove the one finalizer bucket-protection.",
        risk="With policy Delete the driver has already deleted the bucket, and deletes again with every try.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.SHOW_BUCKET, "cosictl explain bucket-protection", cmd.LET_GO),
        outlooks=(Outlook.LOOPING,),
        stuck_hint="Waiting does not help: the name stays empty.",
    ),
    Entry(
        code="COSI315",
        id="D15",
        title="Bucket will not go before its claim",
        apis=ALPHA2,
        symptom="The Bucket is Terminating: 'will not delete Bucket bound to a non-deleting BucketClaim'.",
        tell_apart="Its claim is alive.",
        cause="The Bucket was deleted before its claim, which later releases refuse.",
        source="later main, pull request 392",
        remedy="If the claim may go too, delete it. Before pull request 404 also put the annotation "
        "objectstorage.k8.io/bucketclaim-being-deleted (so spelled) on the Bucket and restart the sidecar.",
        risk="Never on a claim that is still used: with policy Delete the data go.",
        fix_by=FixBy.CLAIM_OWNER,
        detect=Detect.OBJECTS,
        commands=(cmd.SHOW_BUCKET, cmd.CLAIM_HISTORY, "cosictl explain bucketclaim-being-deleted"),
        outlooks=(Outlook.PARKED,),
        stuck_hint="Waiting does not help: the claim must go first.",
    ),
    Entry(
        code="COSI316",
        id="D16",
        title="Bucket stays, because its policy is Retain",
        apis=ALPHA2,
        symptom="The Bucket stays, annotated: 'will not delete Bucket with non-delete deletion policy'.",
        tell_apart="deletionPolicy is Retain.",
        cause="As intended: Retain keeps Bucket and data after the claim is gone.",
        source="later main sidecar/pkg/reconciler/bucket.go",
        remedy="Keep it. Set deletionPolicy to Delete only if the data may go.",
        risk="With Delete the backend bucket and all its data are deleted at once.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.SHOW_BUCKET, cmd.BUCKET_HISTORY),
        outlooks=(Outlook.PARKED,),
        stuck_hint="Waiting changes nothing, and nothing is wrong.",
    ),
)
