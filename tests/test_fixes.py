"""How a sidecar's image is changed: three forms of one change, what it brings, and where no image helps."""

import json
import shlex
from typing import Final

import pytest
import yaml

from cosictl.diagnosis.fixes import fixes
from cosictl.knowledge.policies import POLICIES
from cosictl.knowledge.upgrades import UPGRADES, V0_2_2_IMAGE
from cosictl.model.copying import replace
from cosictl.model.fleet import Fix
from cosictl.model.objects import Pod
from cosictl.render.fix_forms import can_be_written, kustomize, parts_of, patch, set_image
from tests.remedy_worlds import looping, pod
from tests.test_fleet import owned, seen

STAGING: Final = "gcr.io/k8s-staging-sig-storage/objectstorage-sidecar"
IMAGE_60: Final = f"{STAGING}:v20241219-v0.1.0-60-g6a5a12c"
MAIN: Final = f"{STAGING}:v20260305-v0.2.1-270-gee00c269"


def running(image: str, *, owner: str = "Deployment", init: bool = False) -> Pod:
    made = owned("driver-0", owner, "driver")
    return replace(made, containers=(replace(made.containers[0], image=image, init=init),))


def fix_of(image: str, *, to: str = "", owner: str = "Deployment", init: bool = False) -> Fix:
    (found,) = fixes(seen(looping(pods=(running(image, owner=owner, init=init),))), to=to)
    return found


def test_only_releases_have_rows() -> None:
    assert set(UPGRADES) <= {name for name, row in POLICIES.items() if not row.reference}
    for row in UPGRADES.values():
        assert row.source
        assert bool(row.image) != bool(row.why_none)
        assert row.to_policy in {"", *POLICIES}


@pytest.mark.parametrize(
    ("image", "to", "words"),
    [
        (IMAGE_60, V0_2_2_IMAGE, "loops go on: v0.2.2 retries every code for ever"),
        ("registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.0", V0_2_2_IMAGE, "loops go on"),
        (V0_2_2_IMAGE, "", "each of them retries every code for ever"),
        (MAIN, "", "with policy Delete the data go"),
        (f"{STAGING}:latest", V0_2_2_IMAGE, "one fresh attempt"),
    ],
)
def test_what_is_suggested(image: str, to: str, words: str) -> None:
    found = fix_of(image)
    assert found.to == to
    assert any(words in line for line in found.stuck)
    assert bool(found.why_none) == (not to)
    assert (found.looping, found.drivers) == (1, ("cosi.example.com",))


@pytest.mark.parametrize(
    ("to", "warns"),
    [
        (V0_2_2_IMAGE, "no loop ends by this: v0.2.2"),
        (MAIN, "another API version"),
        (f"{STAGING}:v20260401-v0.2.1-300-g0123abc", "is not known here: measure it first"),
        ("registry.example/nginx:1", "does not look like a COSI sidecar"),
        ("vendor.example/objectstorage-sidecar:v0.2.2-fixed.1", "taken at its tag's word"),
    ],
)
def test_an_image_somebody_has_in_mind_is_looked_at(to: str, warns: str) -> None:
    found = fix_of(IMAGE_60, to=to)
    assert found.to == to
    assert any(warns in line for line in found.warnings), found.warnings


def test_what_runs_already_is_no_change() -> None:
    found = fix_of(IMAGE_60, to=IMAGE_60)
    assert (found.to, found.why_none) == ("", "it runs this image already")


def test_two_workloads_are_two_changes_and_replicas_are_one() -> None:
    pods = (
        owned("driver-0", "Deployment", "driver"),
        owned("driver-1", "Deployment", "driver"),
        owned("old-0", "DaemonSet", "old"),
    )
    found = fixes(seen(looping(pods=pods)))
    assert [(fix.kind, fix.name) for fix in found] == [("DaemonSet", "old"), ("Deployment", "driver")]


def test_the_kubectl_line() -> None:
    words = shlex.split(set_image(fix_of(IMAGE_60, owner="DaemonSet")))
    assert words == [
        *("kubectl", "set", "image", "daemonset/driver", f"objectstorage-sidecar={V0_2_2_IMAGE}"),
        *("-n", "cosi-driver"),
    ]


@pytest.mark.parametrize("init", [False, True])
def test_the_patch_names_the_container_where_it_stands(init: bool) -> None:  # noqa: FBT001
    found = yaml.safe_load("\n".join(patch(fix_of(IMAGE_60, init=init))))
    assert (found["apiVersion"], found["kind"], found["metadata"]["name"]) == ("apps/v1", "Deployment", "driver")
    spec = found["spec"]["template"]["spec"]
    assert spec == {
        "initContainers" if init else "containers": [{"name": "objectstorage-sidecar", "image": V0_2_2_IMAGE}]
    }


@pytest.mark.parametrize(
    ("to", "wanted"),
    [
        (V0_2_2_IMAGE, {"newName": "registry.k8s.io/sig-storage/objectstorage-sidecar", "newTag": "v0.2.2"}),
        (f"{STAGING}:1.10", {"newTag": "1.10"}),
        (f"{STAGING}:v1@sha256:{'ab' * 32}", {"digest": f"sha256:{'ab' * 32}"}),
    ],
)
def test_the_snippet(to: str, wanted: dict[str, str]) -> None:
    found = yaml.safe_load("\n".join(kustomize(fix_of(IMAGE_60, to=to))))
    assert found == {"images": [{"name": STAGING} | wanted]}


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("registry:5000/a/b:v1", ("registry:5000/a/b", "v1", "")),
        ("registry:5000/a/b", ("registry:5000/a/b", "", "")),
        ("a@sha256:1", ("a", "", "sha256:1")),
        ("a:1@sha256:1", ("a", "1", "sha256:1")),
    ],
)
def test_an_image_is_taken_apart(image: str, parts: tuple[str, str, str]) -> None:
    assert parts_of(image) == parts


def test_what_an_operator_made_is_not_written() -> None:
    assert not can_be_written(fix_of(IMAGE_60, owner="CephObjectStoreCOSI"))


def test_hostile_names_stay_one_word_and_one_text() -> None:
    evil = "x; rm -rf $(y)\n- z"
    made = running(IMAGE_60)
    hostile = replace(made, owner_name=evil, containers=(replace(made.containers[0], name=evil),))
    (found,) = fixes(seen(looping(pods=(hostile,))))
    assert shlex.split(set_image(found))[3:5] == [f"deployment/{evil}", f"{evil}={V0_2_2_IMAGE}"]
    tree = yaml.safe_load("\n".join(patch(found)))
    assert tree["spec"]["template"]["spec"]["containers"][0]["name"] == evil
    assert json.dumps(evil) in "\n".join(patch(found))


def test_a_bare_pod_is_its_own_workload() -> None:
    (found,) = fixes(seen(looping(pods=(replace(pod("driver-0"), owner_name=""),))))
    assert (found.kind, found.name) == ("Pod", "driver-0")
