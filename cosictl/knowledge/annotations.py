"""Annotations that COSI and cosictl write: on what, by whom, and what they mean."""

from collections.abc import Mapping

from msgspec import Struct

from cosictl.model.refs import Kind

MARK = "cosictl.dev/mark"
QUARANTINED_DRIVER = "cosictl.dev/quarantined-driver"
# Written only to make a sidecar look at an object again; its value means nothing.
NUDGE = "cosictl.dev/nudge"

BUCKET_CLAIM_BEING_DELETED = "objectstorage.k8.io/bucketclaim-being-deleted"
HAS_ACCESS_REFERENCES = "objectstorage.k8s.io/has-bucketaccess-references"
SIDECAR_CLEANUP_FINISHED = "objectstorage.k8s.io/sidecar-cleanup-finished"
CONTROLLER_MANAGEMENT_OVERRIDE = "objectstorage.k8s.io/controller-management-override"


class Annotation(Struct, frozen=True, kw_only=True):
    """One annotation: its name, the kinds it stands on, who writes it, what it means, and where that was read."""

    name: str
    kinds: tuple[Kind, ...]
    writer: str
    meaning: str
    source: str


_DEFINITIONS = "main ee00c269 client/apis/objectstorage/v1alpha2/definitions.go"
_OBJECTS = (Kind.BUCKET, Kind.CLAIM, Kind.ACCESS)

ANNOTATIONS: Mapping[str, Annotation] = {
    row.name: row
    for row in (
        Annotation(
            name=MARK,
            kinds=_OBJECTS,
            writer="cosictl",
            meaning="Somebody looked at this object and wrote down what is known. It changes nothing by itself.",
            source="cosictl",
        ),
        Annotation(
            name=QUARANTINED_DRIVER,
            kinds=(Kind.BUCKET,),
            writer="cosictl",
            meaning="The driver name this Bucket had before it was taken out of the sidecar's reach. Put it back "
            "before anything deletes the Bucket or its claim, or the backend bucket is left behind.",
            source="cosictl; v0.2.2 bucket_controller.go:82,329-334",
        ),
        Annotation(
            name=NUDGE,
            kinds=_OBJECTS,
            writer="cosictl, or a person following its advice",
            meaning="An edit without content. On v0.2.2 it causes one retry at once; on image-60 and v0.2.1 it wakes "
            "a deletion but silently ends a failing creation; on v1alpha2 it does nothing.",
            source="cosictl; v0.2.2 internal/runtime/controller.go:320, v0.2.1 bucket_controller.go:215",
        ),
        Annotation(
            name=BUCKET_CLAIM_BEING_DELETED,
            kinds=(Kind.BUCKET,),
            writer="v1alpha2 controller",
            meaning="The claim of this Bucket is being deleted, so the sidecar may delete it too. The prefix is "
            "spelled k8.io in the code; the design document says k8s.io.",
            source="later main, pull requests 305 and 404",
        ),
        Annotation(
            name=HAS_ACCESS_REFERENCES,
            kinds=(Kind.CLAIM,),
            writer="v1alpha2 controller",
            meaning="At least one BucketAccess refers to this claim; it goes with the last of them.",
            source=_DEFINITIONS,
        ),
        Annotation(
            name=SIDECAR_CLEANUP_FINISHED,
            kinds=(Kind.ACCESS,),
            writer="v1alpha2 sidecar",
            meaning="The sidecar has done its part of the deletion; the controller does the rest.",
            source=_DEFINITIONS,
        ),
        Annotation(
            name=CONTROLLER_MANAGEMENT_OVERRIDE,
            kinds=(Kind.ACCESS,),
            writer="v1alpha2 controller",
            meaning="The controller takes the object back from the sidecar for a while, to put right what an older "
            "release did wrong. While it stands there the sidecar leaves the object alone.",
            source=_DEFINITIONS,
        ),
    )
}
