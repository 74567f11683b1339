"""What is said where a log proves what the objects alone leave open. Rows, each with its source."""

from collections.abc import Mapping

from msgspec import Struct

from cosictl.knowledge.policy import Effect


class Proven(Struct, frozen=True, kw_only=True):
    """A finding of the catalogue once a log has proven it: what to call it and what helps; empty is as it stands there.

    ``commands`` are templates as the catalogue has them, to be offered before its own.
    """

    title: str = ""
    remedy: str = ""
    commands: tuple[str, ...] = ()
    source: str


PROVEN: Mapping[str, Proven] = {
    "COSI107": Proven(
        title="Driver answers AlreadyExists: retried for ever, and nothing is recorded",
        remedy="The driver should answer OK with the ID for a bucket of its own; if the name belongs to somebody else, "
        "free it in the backend. Only if the bucket is proven to be this Bucket's own: set spec.existingBucketID to "
        "its ID (COSI201 follows; this way was not tried out).",
        source="v0.2.2 bucket_controller.go:138-142",
    ),
    "COSI406": Proven(
        remedy="Delete the access that the sidecar died over, or point it to another class: the loop ends. Then "
        "remove the half-made user at the backend.",
        # Where the objects cannot tell which access it is, the clean-up has to be told that it is this one.
        commands=("cosictl cleanup access/{name} -n {namespace} --even-if-retrying access/{name}",),
        source="v0.2.2 bucketaccess_controller.go:187",
    ),
}

# Beside the driver's own words: what the sidecar did about them. ``{recorded}`` says whether anything of it stands on
# the object, ``{again}`` how often it tried again.
DEEDS: Mapping[Effect, str] = {
    Effect.RETRIES: "the sidecar {recorded} and tried again {again}",
    Effect.SILENT_RETRY: "the sidecar records nothing of it and tried again {again}",
    Effect.STOPS: "the sidecar {recorded} and gave up",
    Effect.CRASHES: "the sidecar dies of it, and does so again after every restart",
    Effect.SUCCEEDS: "the sidecar takes it for success",
    Effect.NOT_CALLED: "this release of the sidecar is not known to make that call",
    Effect.UNSPECIFIED: "what the sidecar does about it is not specified",
}
FINALITY: Mapping[bool | None, str] = {
    False: "final",
    True: "may pass by itself",
    None: "whether it is final cannot be told",
}
