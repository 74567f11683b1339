"""A, second half: accesses that do not go away, or went without being revoked."""

from cosictl.knowledge import commands as cmd
from cosictl.knowledge.entry import ALPHA1, ALPHA2, BOTH, Detect, Entry
from cosictl.model.failures import FixBy
from cosictl.model.report import Outlook

ENTRIES = (
    Entry(
        code="COSI410",
        id="A10",
        title="Driver refuses to revoke access",
        apis=BOTH,
        symptom="The access is Terminating; event FailedRevokeAccess 'failed to revoke access: rpc error: ...'.",
        tell_apart="Any code keeps it. NotFound means that the user or key is gone already.",
        cause="The driver answers the revoke with an error, and no code counts as done.",
        source="v0.2.2 bucketaccess_controller.go:368",
        remedy="Fix what the text names. For NotFound: prove at the backend that user or key is gone, then remove the "
        "one finalizer bucketaccess-protection, and secret-protection from its Secret.",
        risk="Otherwise removing the finalizer leaves a valid credential behind.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.ACCESS_HISTORY, cmd.SHOW_ACCESS, "cosictl explain bucketaccess-protection"),
        outlooks=(Outlook.LOOPING, Outlook.RETRYING, Outlook.PARKED, Outlook.UNKNOWN),
        stuck_hint="Waiting helps only if the error itself can pass; after NotFound it never does.",
    ),
    Entry(
        code="COSI411",
        id="A11",
        title="Access cannot be revoked: its claim or Bucket is gone",
        apis=ALPHA1,
        symptom="The access is Terminating, and an event or status.error says 'failed to fetch bucketClaim' or "
        "'failed to fetch bucket', not found.",
        tell_apart="Claim or Bucket is missing. The driver gets no revoke at all.",
        cause="The bucket's ID is looked up through claim and Bucket, and that chain is broken.",
        source="v0.2.2 bucketaccess_controller.go:350-360",
        remedy="Revoke at the driver or the backend by hand, with status.accountID and the bucket's ID, then remove "
        "the one finalizer bucketaccess-protection. Or rebuild the chain: a static Bucket (Retain, existingBucketID "
        "the old ID) and a claim of the old name on it (not tried out).",
        risk="Removing the finalizer alone leaves a valid credential behind.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.SHOW_ACCESS, cmd.CLAIMS, "cosictl explain bucketaccess-protection"),
        outlooks=(Outlook.LOOPING,),
        stuck_hint="Waiting does not help: claim and Bucket do not come back.",
    ),
    Entry(
        code="COSI412",
        id="A12",
        title="Access is revoked, but its Secret is missing",
        apis=ALPHA1,
        symptom="The access is Terminating; event FailedRevokeAccess 'secrets ... not found'.",
        tell_apart="The Secret is missing. The revoke comes first and has succeeded each time.",
        cause="After the revoke the sidecar wants to free the Secret and cannot find it.",
        source="v0.2.2 bucketaccess_controller.go:373; issue 83",
        remedy="Create an empty Secret of that name: the access goes within 30 s. Or remove the one finalizer "
        "bucketaccess-protection.",
        risk="Nothing is left behind when one sidecar runs in the cluster. With several, the text may come from a "
        "foreign one, and the right driver was never asked (COSI415).",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(
            cmd.ACCESS_HISTORY,
            cmd.LEASES,
            cmd.REPAIR_ACCESS,
        ),
        outlooks=(Outlook.LOOPING,),
        stuck_hint="Waiting does not help: the Secret does not come back.",
    ),
    Entry(
        code="COSI413",
        id="A13",
        title="Access is being deleted, and nobody says why it stays",
        apis=ALPHA1,
        symptom="The access is Terminating with an accountID and without any event; typical while a namespace is "
        "deleted.",
        tell_apart="Its Secret is gone or Terminating. A lost notice (COSI306) looks the same.",
        cause="Deleting the Secret failed, and the sidecar reports success after that error. Nobody tries again.",
        source="v0.2.2 bucketaccess_controller.go:390-397",
        remedy="Touch the access (an annotation); COSI412 follows and says what to do. Or remove the one finalizer "
        "bucketaccess-protection, if the Secret is gone.",
        risk="Nothing is left behind when one sidecar runs in the cluster and the Secret is gone, for the revoke came "
        "first. With several see COSI415.",
        fix_by=FixBy.ADMIN,
        detect=Detect.PROBE,
        meanwhile="COSI413",
        commands=(cmd.SHOW_ACCESS, "kubectl get secret/{secret} -n {namespace} -o name", cmd.LEASES, cmd.REPAIR_ACCESS),
        outlooks=(Outlook.STALLED,),
        stuck_hint="Waiting does not help: nobody tries again.",
        limits="COSI306 looks the same; the sidecar log (verbosity 3) tells them apart",
    ),
    Entry(
        code="COSI415",
        id="A15",
        title="Access was deleted, and its own driver never revoked it",
        apis=ALPHA1,
        symptom="The access is gone; the credential still works.",
        tell_apart="Several sidecars run, and the driver's log has no revoke.",
        cause="Sidecars do not check whose access is being deleted. A foreign one asked its own driver and let the "
        "access go.",
        source="v0.2.2 bucketaccess_controller.go:346; issue 80",
        remedy="Revoke at the right driver by hand.",
        risk="The credential is left behind already, and valid.",
        fix_by=FixBy.ADMIN,
        detect=Detect.NONE,
        commands=(cmd.LEASES, cmd.LOGS),
        stuck_hint="Nothing is stuck in Kubernetes any more.",
        limits="nothing of it remains in the cluster",
    ),
    Entry(
        code="COSI416",
        id="A16",
        title="Deletion of the access goes unnoticed until the sidecar restarts",
        apis=ALPHA2,
        symptom="The access is Terminating, without progress and without error.",
        tell_apart="It was asked to go after the sidecar last started; the release is main of March 2026.",
        cause="That release does not watch for the deletion of an access.",
        source="main ee00c269 sidecar/pkg/reconciler/bucketaccess.go:116-131",
        remedy="Restart the sidecar, then the controller. Better: upgrade first, because this release does not revoke "
        "(COSI314).",
        risk="Removing the finalizer leaves a valid credential behind; so does the restart on this release: revoke at "
        "the backend by hand.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(cmd.SHOW_ACCESS, cmd.POD_LIST),
        outlooks=(Outlook.STALLED,),
        stuck_hint="Waiting does not help: nobody was told.",
    ),
)
