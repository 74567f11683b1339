"""The policies, one row each. The cells are in ``policy_matrix``, the hazards in ``hazards``."""

from cosictl.knowledge import hazards as hz
from cosictl.knowledge import policy_matrix as cells
from cosictl.knowledge.policy import EVENT_GAP, Backoff, EditEffect, Policy, Records, Release
from cosictl.model.refs import Api

# v0.2.2 internal/runtime/controller.go:113: 100 ms, doubling, at most 30 s; the tenth attempt comes after about 51 s.
_ALPHA1_BACKOFF = Backoff(base=0.1, cap=30.0)
# controller-runtime 0.23.1 pkg/controller/controller.go:253-254: 5 ms, doubling, at most 1000 s, reached after ~22 min.
_ALPHA2_BACKOFF = Backoff(base=0.005, cap=1000.0)

_ALPHA1_HAZARDS = (
    hz.EVERY_CODE,
    hz.SILENT_ALREADY_EXISTS,
    hz.GRANT_CRASH,
    hz.REPEATED_GRANT,
    hz.REVOKE_NOT_FOUND,
    hz.SILENT_SECRET,
    hz.FOREIGN_SIDECAR,
    hz.NO_DEADLINE,
    hz.LOST_UPDATE,
    hz.DELETE_NOTICE,
    hz.OLD_DELAY,
    hz.HAND_OFF_RACE,
)
_OLD_UPDATE_HAZARDS = (hz.EDIT_ENDS, hz.DELETION_NOT_RESUMED)
_OLD_NAMES = "names Buckets <class><claim UID>; a class name over 27 characters then makes an invalid S3 name"

ROWS = (
    # Releases, the oldest of each API version first.
    Policy(
        name="image-60",
        title="staging sidecar v20241219-v0.1.0-60-g6a5a12c (v1alpha1)",
        api=Api.V1ALPHA1,
        effects=cells.ALPHA1,
        backoff=_ALPHA1_BACKOFF,
        records=Records.EVENTS_POD_NAMESPACE,
        event_gap=EVENT_GAP,
        edit=EditEffect.ENDS_LOOP,
        hazards=(hz.MUTE_OUTSIDE_DEFAULT, hz.EXITS_ZERO, *_OLD_UPDATE_HAZARDS, *_ALPHA1_HAZARDS),
        source="kubernetes-sigs/container-object-storage-interface-provisioner-sidecar at 6a5a12c; behaviour run on "
        "v0.2.1 code with its single event sink",
        note="The last commit of the retired sidecar repository. Same handlers as v0.2.1. The absence of events means "
        "nothing outside namespace default. The times between events are those of client-go 0.32.3; this image holds "
        "0.24.2, whose constants were not checked.",
    ),
    Policy(
        name="v0.2.1",
        title="sidecar v0.2.0 and v0.2.1 (v1alpha1)",
        api=Api.V1ALPHA1,
        releases=(
            Release(
                number="0.2.0",
                sidecar="release v0.2.0 (2025-01-28), whose handlers are those of v0.2.1",
                controller=f"release v0.2.0 (2025-01-28), {_OLD_NAMES}",
            ),
            Release(
                number="0.2.1",
                sidecar="release v0.2.1 (2025-02-11)",
                controller=f"release v0.2.1 (2025-02-11), {_OLD_NAMES}",
            ),
        ),
        effects=cells.ALPHA1,
        backoff=_ALPHA1_BACKOFF,
        records=Records.EVENTS,
        event_gap=EVENT_GAP,
        edit=EditEffect.ENDS_LOOP,
        hazards=(*_OLD_UPDATE_HAZARDS, hz.EVENTS_NEED_PATCH, *_ALPHA1_HAZARDS),
        source="tags v0.2.0 (2025-01-28) and v0.2.1 (2025-02-11), sidecar/pkg/bucket, sidecar/pkg/bucketaccess",
        note="The same handlers as image-60; writes events in every namespace. The manifest of this release deploys a "
        "controller of October 2022, which writes no events.",
    ),
    Policy(
        name="v0.2.2",
        title="sidecar v0.2.2 (v1alpha1)",
        api=Api.V1ALPHA1,
        releases=(
            Release(
                number="0.2.2",
                sidecar="release v0.2.2 (2025-12-03)",
                controller="release v0.2.2 (2025-12-03), names Buckets bucket-<claim UID>",
            ),
        ),
        effects=cells.ALPHA1,
        backoff=_ALPHA1_BACKOFF,
        records=Records.EVENTS,
        event_gap=EVENT_GAP,
        edit=EditEffect.RETRIES_NOW,
        hazards=(hz.EVENTS_NEED_PATCH, *_ALPHA1_HAZARDS),
        source="tag v0.2.2 (f75d4750, 2025-12-03), sidecar/pkg/bucket, sidecar/pkg/bucketaccess; run on a real API "
        "server",
        note="An edit retries at once and the loop goes on; a restart resumes deletions. The manifest of this release "
        "deploys a controller of September 2025, which still names Buckets <class><claim UID>.",
    ),
    Policy(
        name="main-2026-03",
        title="sidecar of main, March 2026 (v1alpha2)",
        api=Api.V1ALPHA2,
        effects=cells.MAIN_2026_03,
        backoff=_ALPHA2_BACKOFF,
        records=Records.STATUS,
        event_gap=None,
        edit=EditEffect.NOTHING,
        hazards=(
            hz.NO_DELETION,
            hz.ACCESS_DELETION_UNSEEN,
            hz.SLOW_HAND_OFF,
            hz.ILLEGAL_ID,
            hz.ONE_WORKER,
            hz.EXACT_DRIVER_NAME,
        ),
        source="main ee00c269 (2026-03-05), sidecar/pkg/reconciler; run on a real API server",
        note="Writes no events at all. What stopped is tried again only after a change of the spec or a restart.",
    ),
    Policy(
        name="later-main",
        title="sidecar of main, May to September 2026 (v1alpha2)",
        api=Api.V1ALPHA2,
        effects=cells.LATER_MAIN,
        backoff=_ALPHA2_BACKOFF,
        records=Records.STATUS,
        event_gap=None,
        edit=EditEffect.NOTHING,
        hazards=(hz.RETAIN_STAYS, hz.UNSETTLED, hz.ONE_WORKER, hz.EXACT_DRIVER_NAME),
        source="file versions and pull requests of main, May to September 2026 (305, 320, 366, 372, 384, 392, 394, "
        "404)",
        note="Deletes at the driver. The time of status.error is renewed only when its text changes.",
    ),
    # References: what somebody asked for, which no cluster runs.
    Policy(
        name="spec-v1alpha1",
        title="the v1alpha1 specification",
        api=Api.V1ALPHA1,
        reference=True,
        effects=cells.SPEC_V1ALPHA1,
        backoff=_ALPHA1_BACKOFF,
        records=Records.EVENTS,
        event_gap=EVENT_GAP,
        edit=EditEffect.RETRIES_NOW,
        hazards=(),
        source="v0.2.2 proto/spec.md, Error Scheme and CreateBucket Errors",
        note="Read strictly: a call that may be repeated only after somebody fixed something is not repeated by "
        "itself. Backoff, records and edits are those of v0.2.2; the specification does not speak of them.",
    ),
    Policy(
        name="spec-v1alpha2",
        title="the v1alpha2 specification",
        api=Api.V1ALPHA2,
        reference=True,
        effects=cells.SPEC_V1ALPHA2,
        backoff=_ALPHA2_BACKOFF,
        records=Records.STATUS,
        event_gap=None,
        edit=EditEffect.NOTHING,
        hazards=(),
        source="main ee00c269 proto/spec.md, Error Scheme",
        note="Backoff, records and edits are those of main; the specification does not speak of them.",
    ),
    Policy(
        name="cosi-86-as-written",
        title="the patch proposed in COSI-86, exactly as written (v1alpha1)",
        api=Api.V1ALPHA1,
        reference=True,
        effects=cells.COSI_86_AS_WRITTEN,
        backoff=_ALPHA1_BACKOFF,
        records=Records.EVENTS,
        event_gap=EVENT_GAP,
        edit=EditEffect.RETRIES_NOW,
        hazards=(hz.STOPS_NOTHING, hz.DELETE_NOT_FOUND, hz.GRANT_CRASH),
        source="the report's patch on v0.2.2; the create column was run",
        note="Changes which failures get an event, and stops nothing. On delete its final codes get two events per "
        "attempt.",
    ),
    Policy(
        name="cosi-86-intent",
        title="what COSI-86 wanted: eight error codes are final (v1alpha1)",
        api=Api.V1ALPHA1,
        reference=True,
        effects=cells.COSI_86_INTENT,
        backoff=_ALPHA1_BACKOFF,
        records=Records.EVENTS,
        event_gap=EVENT_GAP,
        edit=EditEffect.RETRIES_NOW,
        hazards=(hz.CONTRADICTS_SPEC, hz.GRANT_CRASH),
        source="the report's list of nine names, of which OK cannot be an error",
        note="Speaks of create and delete only. A Bucket that is not empty would stay Terminating for ever.",
    ),
)
