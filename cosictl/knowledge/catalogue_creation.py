"""C, first half: Buckets and claims that do not come to life, and say why."""

from cosictl.knowledge import commands as cmd
from cosictl.knowledge.entry import ALPHA2, BOTH, Detect, Entry
from cosictl.model.failures import FixBy
from cosictl.model.report import Outlook

ENTRIES = (
    Entry(
        code="COSI101",
        id="C01",
        title="BucketClass does not exist",
        apis=BOTH,
        symptom="The claim has no Bucket. v1alpha1: event FailedCreateBucket 'bucketclasses... not found'; v1alpha2: "
        "status.error with the name of the class.",
        tell_apart="No Bucket exists for the claim, and the text names the class.",
        cause="The claim names a class that is not there. The controller looks for it again and again.",
        source="v0.2.2 bucketclaim.go:181, main ee00c269 bucketclaim.go:300",
        remedy="Create the class. v1alpha1 picks it up within 30 s, v1alpha2 within 17 min (restart the controller to "
        "hurry). If the name is a typo, delete the claim and make it again with the right class.",
        risk="Nothing exists in the backend yet, so deleting the claim loses nothing.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.CLASSES, cmd.CLAIM_HISTORY, cmd.DELETE_CLAIM),
        outlooks=(Outlook.LOOPING, Outlook.RETRYING),
        stuck_hint="Waiting does not help until somebody creates the class.",
    ),
    Entry(
        code="COSI102",
        id="C02",
        title="Claim names neither a class nor an existing Bucket",
        apis=BOTH,
        symptom="Event FailedCreateBucket 'cannot find bucket class with the name specified in the bucket claim'.",
        tell_apart="The claim's spec has neither bucketClassName nor existingBucketName. The controller of October "
        "2022 shows this text for every class problem, and only in its log; then look at the class.",
        cause="The claim does not say what it wants. The API of v1alpha2 refuses such a claim.",
        source="v0.2.2 bucketclaim.go:176",
        remedy="v1alpha1: set spec.bucketClassName; the claim goes on by itself (on controllers up to v0.2.1, "
        "recreate the claim). v1alpha2: recreate the claim.",
        risk="Nothing exists in the backend yet, so deleting the claim loses nothing.",
        fix_by=FixBy.CLAIM_OWNER,
        detect=Detect.OBJECTS,
        commands=(cmd.CLASSES, cmd.SHOW_CLAIM, "kubectl edit bucketclaim/{claim} -n {namespace}"),
        outlooks=(Outlook.LOOPING,),
        stuck_hint="Waiting does not help: the claim itself must be changed.",
    ),
    Entry(
        code="COSI103",
        id="C03",
        title="The existing Bucket that the claim names is not there",
        apis=BOTH,
        symptom="The claim has existingBucketName. v1alpha1: event 'buckets... not found'; v1alpha2: 'waiting for "
        "statically-provisioned Bucket'.",
        tell_apart="The claim's own spec names the Bucket; no Bucket of that name exists.",
        cause="The static Bucket was never created, or the name is a typo. Later v1alpha2 controllers wait without a "
        "word.",
        source="v0.2.2 bucketclaim.go:147, main ee00c269 bucketclaim.go:186",
        remedy="Create the Bucket with policy Retain. If the name is wrong: v1alpha1, edit the claim; v1alpha2, "
        "recreate the claim.",
        risk="Do not create the Bucket with policy Delete unless its data may go: deleting the claim then deletes "
        "them.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(f"kubectl get {cmd.BUCKET}", cmd.SHOW_CLAIM),
        outlooks=(Outlook.LOOPING,),
        stuck_hint="Waiting does not help until the Bucket exists.",
    ),
    Entry(
        code="COSI104",
        id="C04",
        title="Final error, retried for ever",
        apis=BOTH,
        symptom="The Bucket is not ready, and the driver's error has a cause that cannot pass by itself. v1alpha1: "
        "event FailedCreateBucket 'failed to create bucket: rpc error: ...'; v1alpha2: status.error.",
        tell_apart="Code and text are final, the record's time keeps moving (v1alpha1 also: bucket-protection is "
        "absent).",
        cause="The driver refuses for good. No answer of a driver ends the retries of a v1alpha1 sidecar; v1alpha2 "
        "stops on InvalidArgument, AlreadyExists and Unimplemented only (COSI115).",
        source="v0.2.2 bucket_controller.go:133; main ee00c269 sidecar/pkg/reconciler/driver.go, last function",
        remedy="Fix what the text names: a right in the backend, a quota, a parameter (COSI118), a name (COSI106). "
        "The next try, at most 30 s later, picks it up. If it can never be right, delete the claim.",
        risk="Do not delete the Bucket alone: the controller makes it again (COSI312). Deleting the claim leaves a "
        "bucket in the backend only if a create got through earlier.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.HISTORY, cmd.SHOW, cmd.DELETE_CLAIM),
        outlooks=(Outlook.LOOPING, Outlook.UNKNOWN),
        stuck_hint="Waiting does not help: the same request can never succeed.",
    ),
    Entry(
        code="COSI105",
        id="C05",
        title="Backend or network trouble, being retried",
        apis=BOTH,
        symptom="The Bucket is not ready; the error is Unavailable, DeadlineExceeded, Aborted, a throttle or a broken "
        "connection.",
        tell_apart="The cause lies outside Kubernetes and may pass.",
        cause="The driver or its backend did not answer, or asked to slow down.",
        source="v0.2.2 bucket_controller.go:133, internal/runtime/controller.go:113; main ee00c269 driver.go",
        remedy="Wait, or repair the backend. The next try comes within 30 s (v1alpha2: within 1000 s; restart the "
        "sidecar to hurry).",
        risk="Do not delete and recreate claims meanwhile: that makes new names and, later, duplicates.",
        fix_by=FixBy.NOBODY,
        detect=Detect.OBJECTS,
        commands=(cmd.HISTORY, "cosictl diagnose {kind}/{name} -n {namespace}"),
        outlooks=(Outlook.RETRYING,),
        stuck_hint="Waiting may help: it goes on by itself when the backend is back.",
    ),
    Entry(
        code="COSI106",
        id="C06",
        title="The backend can never accept this bucket name",
        apis=BOTH,
        symptom="The Bucket is not ready, and the driver's error is about an invalid bucket name. v1alpha1: event "
        "FailedCreateBucket; v1alpha2: status.error.",
        tell_apart="Look at the name of the Bucket object: longer than 63 characters, upper case, or dots. The form "
        "<class><UID> is too long when the class name has more than 27 characters.",
        cause="The driver gets the name of the Bucket object. Controllers before v0.2.2 build it from class name and "
        "claim UID. The claim's name is not in it.",
        source="v0.2.2 bucketclaim.go:187 (earlier: class name and UID)",
        remedy="Make a class with a shorter name and a new claim on it, then delete this claim. Or run a controller "
        "built from v0.2.2, which names Buckets bucket-<UID> (43 characters), and make the claim again.",
        risk="A Bucket cannot be renamed, and renaming the claim changes nothing. A backend that refuses a name should "
        "have made nothing of it; that no ID is known does not prove it.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.SHOW_BUCKET, cmd.CLASSES, cmd.DELETE_CLAIM),
        outlooks=(Outlook.LOOPING, Outlook.PARKED),
        stuck_hint="Waiting does not help: a name is for ever.",
    ),
    Entry(
        code="COSI115",
        id="C15",
        title="Final error: given up, nobody retries",
        apis=ALPHA2,
        symptom="The Bucket is not ready; status.error has InvalidArgument, AlreadyExists or Unimplemented, or a "
        "text that COSI calls terminal.",
        tell_apart="The error's time is older than one backoff and does not move.",
        cause="v1alpha2 does not repeat what can never succeed. A repair is not noticed either.",
        source="main ee00c269 sidecar/pkg/reconciler/driver.go, last function",
        remedy="Fix the cause, then restart the sidecar (one fresh attempt for everything), or change deletionPolicy "
        "of the Bucket and back. Else recreate the claim.",
        risk="On main of March 2026 deleting a claim cleans nothing in the backend (COSI314). Do not leave "
        "deletionPolicy changed.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.HISTORY, cmd.SHOW),
        outlooks=(Outlook.PARKED,),
        stuck_hint="Waiting does not help: nobody tries again.",
    ),
    Entry(
        code="COSI116",
        id="C16",
        title="The driver does not offer the protocol that was asked for",
        apis=ALPHA2,
        symptom="The Bucket is not ready; status.error says 'driver ... does not support protocols' or 'bucket "
        "required protocols missing'.",
        tell_apart="The first text comes before the create, the second after it.",
        cause="Claim and driver have no protocol in common.",
        source="main ee00c269 sidecar/pkg/reconciler/bucket.go",
        remedy="Make a new claim with a protocol the driver has; the list cannot be changed. Then delete this one.",
        risk="After 'bucket required protocols missing' a bucket exists in the backend, and main of March 2026 leaves "
        "it there when the claim is deleted.",
        fix_by=FixBy.CLAIM_OWNER,
        detect=Detect.OBJECTS,
        commands=(cmd.SHOW_CLAIM, cmd.BUCKET_HISTORY),
        outlooks=(Outlook.PARKED,),
        stuck_hint="Waiting does not help: nobody tries again.",
    ),
    Entry(
        code="COSI118",
        id="C18",
        title="The class was corrected, but this Bucket keeps the old values",
        apis=BOTH,
        symptom="The class has been corrected and the error stays the same.",
        tell_apart="spec.parameters or driverName of the Bucket differ from those of its class.",
        cause="Driver, policy and parameters are copied into the Bucket when it is made, and never again.",
        source="v0.2.2 bucketclaim.go:192-196",
        remedy="v1alpha1: edit spec.parameters of the Bucket, or delete the claim and make a new one. v1alpha2: "
        "nothing can be edited; make a new class and a new claim.",
        risk="Deleting the claim leaves a bucket in the backend only if a create got through earlier.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(
            cmd.SHOW_BUCKET,
            f"kubectl get {cmd.BUCKET_CLASS}/{{class}} -o yaml",
            f"kubectl edit {cmd.BUCKET}/{{bucket}}",
        ),
        outlooks=(Outlook.LOOPING,),
        stuck_hint="Waiting does not help: the class is not read again.",
    ),
)
