"""What can replace a sidecar, and what that changes for objects that are stuck already. Rows; each cites its source.

A row is only about what is published: no release of v1alpha1 stops on a final error, and no row pretends so.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

# The last release of v1alpha1 (tag v0.2.2, 2025-12-03; the image that public drivers deploy).
V0_2_2_IMAGE: Final = "registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2"


class Upgrade(Struct, frozen=True, kw_only=True):
    """From one policy to another image.

    ``image`` is "" where none can be named. ``gains`` is what gets better, ``stuck`` what becomes of objects that are
    stuck now, ``warnings`` what to look at first. ``why_none`` says why there is no image.
    """

    policy: str
    image: str
    to_policy: str
    gains: tuple[str, ...]
    stuck: tuple[str, ...]
    warnings: tuple[str, ...]
    why_none: str = ""
    source: str


_FRESH: Final = (
    "a restart gives every object one fresh attempt, and its delays start anew",
    "loops go on: v0.2.2 retries every code for ever, as this release does",
)
_SAME_CRDS: Final = "the CRDs stay as they are: both are v1alpha1"
_PATCH: Final = "its role needs create and patch on events in all namespaces, or counts stay 1 and times freeze"
_CONTROLLER: Final = "the controller is another image; it is not changed by this"
_MIGRATION: Final = (
    "v1alpha2 stops on final errors, and is a migration: CRDs, controller, sidecar and driver change together, there "
    "is no conversion (COSI507), and a driver of v1alpha1 makes its sidecar exit (COSI502)"
)
_MOVING: Final = (
    "what runs now is not known from its name: compare its digest first; a tag that moves is v1alpha2 since October "
    "2025, and then this would go back a generation (COSI502, COSI503)"
)

_ROWS: Final = (
    Upgrade(
        policy="image-60",
        image=V0_2_2_IMAGE,
        to_policy="v0.2.2",
        gains=(
            "failures of Buckets get events, so that loops can be seen (COSI506 ends)",
            "an edit tries again at once instead of ending the loop without a word (COSI206)",
            "a restart resumes deletions (COSI306), and a failed start exits with 1",
        ),
        stuck=(*_FRESH, "loops that an edit had ended come back, and deletions that were forgotten go on"),
        warnings=(_SAME_CRDS, _PATCH, _CONTROLLER),
        source="tag v0.2.2 (pull requests 89, 131) beside 6a5a12c",
    ),
    Upgrade(
        policy="v0.2.1",
        image=V0_2_2_IMAGE,
        to_policy="v0.2.2",
        gains=(
            "an edit tries again at once instead of ending the loop without a word (COSI206)",
            "a restart resumes deletions (COSI306), and a failed start exits with 1",
        ),
        stuck=(*_FRESH, "loops that an edit had ended come back, and deletions that were forgotten go on"),
        warnings=(_SAME_CRDS, _PATCH, _CONTROLLER),
        source="tag v0.2.2 (pull requests 89, 131) beside tag v0.2.1",
    ),
    Upgrade(
        policy="v0.2.2",
        image="",
        to_policy="",
        gains=(),
        stuck=("nothing changes by another image of v1alpha1: each of them retries every code for ever",),
        warnings=(
            _MIGRATION,
            "on main of March 2026 every deletion leaves its bucket behind (COSI314)",
        ),
        why_none="v0.2.2 is the last release of v1alpha1, and retries every error as all before it",
        source="tag v0.2.2; v0.2.2 internal/runtime/controller.go:320",
    ),
    Upgrade(
        policy="main-2026-03",
        image="",
        to_policy="later-main",
        gains=(
            "deletions reach the driver (COSI314, COSI416 end)",
            "watches instead of delays: hand-offs no longer take up to 17 min (COSI205)",
        ),
        stuck=(
            "a restart tries everything once more, what is parked included",
            "deletions that hang begin to call the driver: with policy Delete the data go",
            "a Bucket with policy Retain stays after its claim is gone (COSI316)",
        ),
        warnings=(
            "its CRDs differ (accessModes replaces accessMode): apply CRDs, controller and sidecar of one commit",
            "no tag of main tells which pull requests it holds: pin a digest you have measured (sidecars measure)",
        ),
        why_none="later main has no release tag; name the image with --to",
        source="pull requests 305, 320, 366, 369, 372, 384, 394, 404 of main, May to September 2026",
    ),
    Upgrade(
        policy="later-main",
        image="",
        to_policy="",
        gains=(),
        stuck=("nothing: it stops on final errors, and what is parked waits for the cause to be fixed",),
        warnings=(),
        why_none="it is the newest this program knows",
        source="main, May to September 2026",
    ),
)
UPGRADES: Final[Mapping[str, Upgrade]] = {row.policy: row for row in _ROWS}

# A release that is known and has no row of its own.
NOTHING_BETTER: Final = Upgrade(
    policy="",
    image="",
    to_policy="",
    gains=(),
    stuck=("nothing changes for them without another image",),
    warnings=(),
    why_none="no image is known to do better than this release; name one with --to",
    source="the rows above",
)
UNKNOWN_RELEASE: Final = Upgrade(
    policy="",
    image=V0_2_2_IMAGE,
    to_policy="v0.2.2",
    gains=("a release that is known, instead of whatever the tag meant when the node pulled it",),
    stuck=_FRESH[:1],
    warnings=(
        _MOVING,
        _CONTROLLER,
    ),
    source="manifests of public drivers that deploy the tag latest",
)
OTHER_API: Final = (
    "the image speaks another API version than the objects: it would be healthy and idle (COSI503), or exit beside a "
    "driver of the other version (COSI502)"
)
STOPS_NOTHING: Final = "no loop ends by this: {policy} retries final errors as well"
