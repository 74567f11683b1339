"""Which release an image is."""

import pytest

from cosictl.knowledge.image_rows import COMMITS
from cosictl.knowledge.images import match_image
from cosictl.knowledge.policies import POLICIES, RELEASES

STAGING = "gcr.io/k8s-staging-sig-storage/objectstorage-sidecar"
DIGEST = "@sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("image", "policy", "certain"),
    [
        # the image of the report, and the commit its code comes from
        (f"{STAGING}:v20241219-v0.1.0-60-g6a5a12c", "image-60", True),
        (f"{STAGING}:v20240603-v0.1.0-59-g80979e8", "image-60", True),
        (f"{STAGING}:v20241219-v0.1.0-60-g6a5a12c0ffee", "image-60", True),
        ("registry.example:5000/mirror/objectstorage-sidecar:v20241219-v0.1.0-60-g6a5a12c", "image-60", True),
        ("objectstorage-sidecar:v20241219-v0.1.0-60-g6a5a12c-patched", "image-60", False),
        # releases
        ("registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.0", "v0.2.1", True),
        ("registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.1", "v0.2.1", True),
        ("registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2", "v0.2.2", True),
        (f"{STAGING}:v0.2.2", "v0.2.2", True),
        (f"{STAGING}:v20251203-v0.2.2", "v0.2.2", True),
        ("localhost:5000/objectstorage-sidecar:v0.2.2", "v0.2.2", True),
        ("ghcr.io/someone/mirrored-sig-storage-objectstorage-sidecar:v0.2.2", "v0.2.2", True),
        (f"registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2{DIGEST}", "v0.2.2", True),
        (f"docker-pullable://registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2{DIGEST}", "v0.2.2", True),
        # vendors, other names, later patches: a guess
        ("vendor.example/objectstorage-sidecar:v0.2.2-vendor.3", "v0.2.2", False),
        ("vendor.example/objectstorage-sidecar:v0.2.1_distroless", "v0.2.1", False),
        ("vendor.example/cosi-sidecar:v0.2.2", "v0.2.2", False),
        ("vendor.example/cosi/sidecar:0.2.2", "v0.2.2", False),
        ("registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.9", "v0.2.2", False),
        # builds of main
        (f"{STAGING}:v20260305-v0.2.1-270-gee00c269", "main-2026-03", True),
        (f"{STAGING}:v20260226-v0.2.1-265-g218399f", "main-2026-03", False),
        (f"{STAGING}:v20251115-v0.2.1-140-g0123abc", "main-2026-03", False),
        (f"{STAGING}:v20260801-v0.2.1-400-g0123abc", "later-main", False),
        (f"{STAGING}:v20250915-v0.2.1-100-gd904c62", "v0.2.2", False),
        # images that do not tell
        (f"{STAGING}:v20260401-v0.2.1-300-g0123abc", None, False),
        (f"{STAGING}:v20250601-v0.2.1-30-g0123abc", None, False),
        (f"{STAGING}:v20221117-v0.1.0-22-g0e67387", None, False),
        ("registry.k8s.io/sig-storage/objectstorage-sidecar:v0.1.0", None, False),
        ("registry.k8s.io/sig-storage/objectstorage-sidecar:v9.9.0", None, False),
        ("quay.io/ceph/objectstorage-sidecar:latest", None, False),
        ("objectstorage-sidecar", None, False),
        ("objectstorage-sidecar:canary", None, False),
        ("objectstorage-sidecar:build-17", None, False),
        (f"registry.k8s.io/sig-storage/objectstorage-sidecar{DIGEST}", None, False),
        ("vendor.example/cosi-sidecar:v3.1.0", None, False),
    ],
)
def test_a_sidecar_image_gives_its_policy(image: str, policy: str | None, *, certain: bool) -> None:
    match = match_image(image)
    assert match is not None
    assert (match.role, match.policy, match.certain) == ("sidecar", policy, certain)
    assert match.why


@pytest.mark.parametrize(
    ("image", "release", "words"),
    [
        ("objectstorage-controller:v20221027-v0.1.1-8-g300019f", "2022-10", "writes no events"),
        ("objectstorage-controller:v20250915-v0.2.1-100-gd904c62", "2025-09", "manifest of v0.2.2"),
        ("objectstorage-controller:v20260226-v0.2.1-265-g218399f", "2026-02", "v1alpha2"),
        ("registry.k8s.io/sig-storage/objectstorage-controller:v0.2.2", "v0.2.2", "bucket-<claim UID>"),
        ("registry.k8s.io/sig-storage/objectstorage-controller:v0.2.1", "v0.2.1", "<class><claim UID>"),
    ],
)
def test_a_controller_image_tells_its_trap_and_never_a_policy(image: str, release: str, words: str) -> None:
    match = match_image(image)
    assert match is not None
    assert match.role == "controller"
    assert match.policy is None
    assert match.release.startswith(release)
    assert words in match.why


def test_the_controller_that_the_v022_manifest_deploys_is_not_called_v022() -> None:
    match = match_image("objectstorage-controller:v20250915-v0.2.1-100-gd904c62")
    assert match is not None
    assert not match.release.startswith("v0.2.2")


@pytest.mark.parametrize(
    "image",
    [
        "",
        "ghcr.io/scality/cosi-driver:1.0.0",
        "registry.k8s.io/sig-storage/csi-provisioner:v5.0.1",
        "example/objectstorage-sidecar-tools:v0.2.2",
        "example/notobjectstorage-sidecar:v0.2.2",
        "sha256:" + "ab" * 32,
    ],
)
def test_other_images_are_no_match(image: str) -> None:
    assert match_image(image) is None


def test_a_digest_beside_a_tag_is_said() -> None:
    match = match_image(f"registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2{DIGEST}")
    assert match is not None
    assert "digest" in match.why


def test_a_digest_alone_says_how_to_find_out() -> None:
    match = match_image(f"registry.k8s.io/sig-storage/objectstorage-sidecar{DIGEST}")
    assert match is not None
    assert "crane digest" in match.why


def test_the_image_id_answers_where_the_image_is_a_bare_digest() -> None:
    repository = "docker-pullable://registry.k8s.io/sig-storage/objectstorage-sidecar"
    match = match_image("sha256:" + "ab" * 32, repository + DIGEST)
    assert match is not None
    assert (match.role, match.policy) == ("sidecar", None)


def test_rows_name_policies_that_exist() -> None:
    for number, (policy, release) in RELEASES.items():
        assert policy.name in POLICIES
        assert not policy.reference
        match = match_image(f"objectstorage-sidecar:v{number}")
        assert match is not None
        assert (match.policy, match.release) == (policy.name, f"v{release.number}")
        assert release.sidecar
        assert release.controller
    for commit in COMMITS:
        assert commit.policy is None or commit.policy in POLICIES
        assert commit.source
        assert bool(commit.sidecar) == ("sidecar" in commit.roles)
        assert bool(commit.controller) == ("controller" in commit.roles)


def test_a_hostile_reference_is_answered_and_quickly() -> None:
    assert match_image("a/" * 5000 + "objectstorage-sidecar:v0.2.2") is None
    match = match_image("objectstorage-sidecar:" + "v0.2.2-" * 300)
    assert match is None or not match.certain
