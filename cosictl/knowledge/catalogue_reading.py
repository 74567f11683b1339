"""9xx: what could not be read, decoded or told. They say that an answer is missing, never that all is well."""

from cosictl.knowledge import commands as cmd
from cosictl.knowledge.entry import BOTH, Detect, Entry
from cosictl.model.failures import FixBy
from cosictl.model.report import Outlook

ENTRIES = (
    Entry(
        code="COSI901",
        id="R01",
        title="Could not be read: forbidden",
        apis=BOTH,
        symptom="The API server refuses to list a kind.",
        tell_apart="The server's own words name the account, the verb and the resource.",
        cause="The credentials in use lack the right to list it, or to list it in every namespace.",
        source="Kubernetes RBAC, status 403",
        remedy="Name the namespace you may read with -n, or ask for list on that resource. The rest of the answer "
        "holds.",
        risk="What was not read cannot be judged: it is not healthy, it is unknown.",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=(
            "kubectl auth can-i --list -n {namespace}",
            f"kubectl auth can-i list {cmd.BUCKET}",
            "kubectl auth can-i list events -n default",
        ),
        outlooks=(Outlook.UNKNOWN,),
        stuck_hint="Nothing is known about what was not read.",
        limits="listed under unread, never as a finding",
        own_finding=False,
    ),
    Entry(
        code="COSI902",
        id="R02",
        title="Could not be read: the cluster does not have this kind",
        apis=BOTH,
        symptom="The API server does not know a kind of COSI.",
        tell_apart="The other kinds of the group are there.",
        cause="The CRD is not installed, or not in this version.",
        source="Kubernetes API, status 404 on a list",
        remedy="Install the missing CRD of the release that runs.",
        risk="Do not install CRDs of the other version over these (COSI507).",
        fix_by=FixBy.ADMIN,
        detect=Detect.OBJECTS,
        commands=("kubectl api-resources --api-group=objectstorage.k8s.io", "kubectl get crds"),
        outlooks=(Outlook.UNKNOWN,),
        stuck_hint="Nothing is known about what was not read.",
        limits="listed under unread, never as a finding",
        own_finding=False,
    ),
    Entry(
        code="COSI903",
        id="R03",
        title="Object could not be decoded",
        apis=BOTH,
        symptom="An object, or a piece of a dump, does not have the shape of its kind.",
        tell_apart="The reason names the field.",
        cause="A damaged or edited dump, or a version of the API this program does not know.",
        source="the decoders of this program",
        remedy="Look at the object itself; take the dump again.",
        risk="The object was left out of the diagnosis: it is unknown.",
        fix_by=FixBy.UNKNOWN,
        detect=Detect.OBJECTS,
        commands=("cosictl diagnose", "cosictl snapshot -o again.json"),
        outlooks=(Outlook.UNKNOWN,),
        stuck_hint="Nothing is known about it.",
    ),
    Entry(
        code="COSI904",
        id="R04",
        title="The evidence cannot tell: no record is left, or it could not be read",
        apis=BOTH,
        symptom="The object is not in its desired state, and nothing that was read says why.",
        tell_apart="Events expire, after an hour by default; some failures are never recorded; some kinds may not be "
        "readable.",
        cause="What would decide it has expired, was never written, or was refused.",
        source="kube-apiserver --event-ttl, v0.2.2 bucket_controller.go:138-151",
        remedy="Read the sidecar log. Or restart the sidecar: everything gets one fresh attempt, and what fails is "
        "recorded anew.",
        risk="A restart also repeats what may have been half done. Delete nothing on this evidence.",
        fix_by=FixBy.UNKNOWN,
        detect=Detect.OBJECTS,
        commands=("cosictl diagnose -n {namespace}", cmd.LEASES, cmd.LOGS),
        outlooks=(Outlook.UNKNOWN,),
        stuck_hint="Whether waiting helps is not known.",
    ),
)
