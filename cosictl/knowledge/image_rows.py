"""The names of images, and the commits that are known: what each holds, and where that was seen."""

from msgspec import Struct

from cosictl.model.refs import Api

# Upstream's own name first. The others are names under which mirrors and the retired repositories publish it.
SIDECAR_NAMES = (
    "objectstorage-sidecar",
    "objectstorage-provisioner-sidecar",
    "container-object-storage-interface-provisioner-sidecar",
    "container-object-storage-interface-sidecar",
    "cosi-provisioner-sidecar",
    "cosi-sidecar",
)
CONTROLLER_NAMES = (
    "objectstorage-controller",
    "container-object-storage-interface-controller",
    "cosi-controller-manager",
    "cosi-controller",
)

MOVING_TAGS = frozenset({"latest", "main", "master", "canary", "edge", "nightly", "dev", "stable"})

_BOTH = frozenset({"sidecar", "controller"})


class Commit(Struct, frozen=True, kw_only=True):
    """One known commit, by its first seven digits. ``certain``: the policy was read from this very code.

    ``api`` is given where no policy tells the version.
    """

    commit: str
    roles: frozenset[str]
    release: str
    policy: str | None
    sidecar: str
    controller: str
    certain: bool
    source: str
    api: Api | None = None


_OLD_NAMES = "names Buckets <class><claim UID>; a class name over 27 characters then makes an invalid S3 name"

COMMITS = (
    Commit(
        commit="6a5a12c",
        roles=frozenset({"sidecar"}),
        release="image-60 (6a5a12c)",
        policy="image-60",
        sidecar="the last of the retired sidecar repository (November 2024), the image of the COSI-86 report",
        controller="",
        certain=True,
        source="kubernetes-sigs/container-object-storage-interface-provisioner-sidecar at 6a5a12c",
    ),
    Commit(
        commit="80979e8",
        roles=frozenset({"sidecar"}),
        release="image-60 (80979e8)",
        policy="image-60",
        sidecar="the last change of code in the retired sidecar repository (June 2024); 6a5a12c changed only its "
        "README",
        controller="",
        certain=True,
        source="kubernetes-sigs/container-object-storage-interface-provisioner-sidecar at 80979e8",
    ),
    Commit(
        commit="f75d475",
        roles=_BOTH,
        release="v0.2.2",
        policy="v0.2.2",
        sidecar="the release v0.2.2",
        controller="the release v0.2.2, names Buckets bucket-<claim UID>",
        certain=True,
        source="tag v0.2.2",
    ),
    Commit(
        commit="300019f",
        roles=frozenset({"controller"}),
        release="2022-10 (300019f)",
        policy=None,
        sidecar="",
        controller="of October 2022, which the manifests of v0.2.0 and v0.2.1 deploy: it writes no events, ignores "
        "edits "
        f"of live claims, and {_OLD_NAMES}",
        certain=True,
        source="controller manifest of tags v0.2.0 and v0.2.1",
        api=Api.V1ALPHA1,
    ),
    Commit(
        commit="d904c62",
        roles=_BOTH,
        release="2025-09 (d904c62)",
        policy="v0.2.2",
        sidecar="of September 2025, between v0.2.1 and v0.2.2; it retries on edits as v0.2.2 does",
        controller="of September 2025, which the manifest of v0.2.2 deploys in place of that release: it still "
        f"{_OLD_NAMES}",
        certain=False,
        source="controller manifest of tag v0.2.2; pull requests 89 (in), 90 and 197 (not in)",
    ),
    Commit(
        commit="218399f",
        roles=_BOTH,
        release="2026-02 (218399f)",
        policy="main-2026-03",
        sidecar="of February 2026 (v1alpha2), which the manifests of main in March 2026 deploy",
        controller="of February 2026 (v1alpha2), which the manifests of main in March 2026 deploy",
        certain=False,
        source="manifests of main ee00c269",
    ),
    Commit(
        commit="ee00c26",
        roles=_BOTH,
        release="main 2026-03 (ee00c26)",
        policy="main-2026-03",
        sidecar="main of 2026-03-05 (v1alpha2)",
        controller="main of 2026-03-05 (v1alpha2)",
        certain=True,
        source="main ee00c269",
    ),
)
