"""kubectl as a real process against the sandbox; what an old one cannot do is skipped by its version."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_server import Sandbox, bucket, claim

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="there is no kubectl on this machine")


def minor() -> int:
    if KUBECTL is None:
        return 0
    said = subprocess.run([KUBECTL, "version", "--client", "-o", "json"], capture_output=True, check=True, timeout=30)
    return int(json.loads(said.stdout)["clientVersion"]["minor"].rstrip("+"))


MINOR = minor()


class Kubectl:
    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "KUBECONFIG": str(sandbox.kubeconfig(folder)),
        }

    def run(self, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        assert KUBECTL is not None
        return subprocess.run(
            [KUBECTL, *arguments],
            input=given,
            capture_output=True,
            text=True,
            env=self.environment | environment,
            timeout=60,
            check=False,
        )

    def out(self, *arguments: str, given: str = "", **environment: str) -> str:
        done = self.run(*arguments, given=given, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    with Sandbox() as sandbox:
        for value in (bucket("a", finalizers=["a.io/held"]), bucket("b")):
            sandbox.ask("POST", "/apis/objectstorage.k8s.io/v1alpha1/buckets", value)
        sandbox.ask(
            "POST", "/apis/objectstorage.k8s.io/v1alpha1/namespaces/default/bucketclaims", claim("photos", app="x")
        )
        yield Kubectl(sandbox, tmp_path)


def event(name: str, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "default"},
        "involvedObject": about,
        "reason": "FailedCreateBucket",
        "message": "failed to create bucket: rpc error: code = InvalidArgument desc = no",
        "type": "Warning",
        "count": 3,
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "source": {"component": "cosi"},
    }


def test_get_shows_tables_names_and_whole_objects(kubectl: Kubectl) -> None:
    rows = [line.split()[0] for line in kubectl.out("get", "buckets").splitlines()]
    assert rows == ["NAME", "a", "b"]
    assert kubectl.out("get", "bucketclaims", "-A", "-o", "name") == "bucketclaim.objectstorage.k8s.io/photos\n"
    assert "bucketClassName: gold" in kubectl.out("get", "bucketclaim", "photos", "-o", "yaml")
    assert kubectl.out("get", "bucket", "a", "-o", "jsonpath={.metadata.finalizers}") == '["a.io/held"]'
    assert "NAMESPACE" in kubectl.out("get", "bucketclaims", "-A", "-o", "wide")
    assert len(kubectl.out("get", "buckets", "--chunk-size=1", "--no-headers").splitlines()) == 2


def test_what_is_not_there_is_said_as_by_a_real_server(kubectl: Kubectl) -> None:
    missing = kubectl.run("get", "bucket", "ghost")
    assert missing.returncode == 1
    assert 'buckets.objectstorage.k8s.io "ghost" not found' in missing.stderr
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    kubectl.sandbox.ask("POST", "/api/v1/namespaces/default/pods", pod)
    assert "does not implement pods/log" in kubectl.run("logs", "p").stderr


def test_describe_shows_the_events_of_an_object(kubectl: Kubectl) -> None:
    uid = kubectl.out("get", "bucket", "a", "-o", "jsonpath={.metadata.uid}")
    about = {"kind": "Bucket", "name": "a", "uid": uid, "apiVersion": "objectstorage.k8s.io/v1alpha1"}
    assert kubectl.sandbox.ask("POST", "/api/v1/namespaces/default/events", event("a.1", about)).status == 201
    told = kubectl.out("describe", "bucket", "a")
    assert "Driver Name:" in told
    assert "InvalidArgument" in told
    assert "bucket/a" in kubectl.out("get", "events")


@pytest.mark.skipif(MINOR < 26, reason=f"kubectl 1.{MINOR} has no events command; it came with 1.26")
def test_events_are_listed(kubectl: Kubectl) -> None:
    about = {"kind": "Bucket", "name": "a", "apiVersion": "objectstorage.k8s.io/v1alpha1"}
    kubectl.sandbox.ask("POST", "/api/v1/namespaces/default/events", event("a.1", about))
    assert "FailedCreateBucket" in kubectl.out("events")
    assert "FailedCreateBucket" in kubectl.out("events", "--for=bucket/a")


def test_annotate_patch_and_apply_change_objects(kubectl: Kubectl) -> None:
    kubectl.out("annotate", "bucket", "a", "note=one")
    kubectl.out("label", "bucketclaim", "photos", "team=x")
    kubectl.out("patch", "bucket", "a", "--type=merge", "-p", '{"spec":{"driverName":"other"}}')
    kubectl.out(
        "patch", "bucket", "b", "--type=json", "-p", '[{"op":"add","path":"/metadata/labels","value":{"k":"v"}}]'
    )
    assert kubectl.out("get", "buckets", "-l", "k in (v)", "-o", "name") == "bucket.objectstorage.k8s.io/b\n"
    found = json.loads(kubectl.out("get", "bucket", "a", "-o", "json"))
    assert (found["metadata"]["annotations"], found["spec"]["driverName"]) == ({"note": "one"}, "other")
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "finalizers": ["a.io/one", "a.io/two"]},
        "type": "Opaque",
    }
    for said in ("created", "unchanged"):
        assert said in kubectl.out("apply", "--validate=false", "-f", "-", given=json.dumps(secret))
    secret["metadata"] = {"name": "s", "finalizers": ["a.io/two"]}
    assert "configured" in kubectl.out("apply", "--validate=false", "-f", "-", given=json.dumps(secret))
    assert kubectl.out("get", "secret", "s", "-o", "jsonpath={.metadata.finalizers}") == '["a.io/two"]'


def test_edit_takes_one_finalizer_away(kubectl: Kubectl) -> None:
    meta = {"name": "s", "finalizers": ["a.io/one", "a.io/two"]}
    kubectl.sandbox.ask("POST", "/api/v1/namespaces/default/secrets", {"metadata": meta})
    kubectl.out("edit", "secret", "s", KUBE_EDITOR="sed -i /a.io.one/d")
    assert kubectl.out("get", "secret", "s", "-o", "jsonpath={.metadata.finalizers}") == '["a.io/two"]'


@pytest.mark.skipif(MINOR < 27, reason=f"kubectl 1.{MINOR} does not ask the server to validate; that came with 1.27")
def test_a_misspelt_field_is_refused_where_kubectl_asks_for_it(kubectl: Kubectl) -> None:
    wrong = claim("typo")
    wrong["spec"]["bucketClasName"] = "gold"
    done = kubectl.run("create", "-f", "-", given=json.dumps(wrong))
    assert 'unknown field "spec.bucketClasName"' in done.stderr
    assert kubectl.run("get", "bucketclaim", "typo").returncode == 1


def test_a_deletion_waits_for_finalizers(kubectl: Kubectl) -> None:
    kubectl.out("delete", "bucket", "a", "--wait=false")
    assert "deletionTimestamp" in kubectl.out("get", "bucket", "a", "-o", "yaml")
    kubectl.out("patch", "bucket", "a", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    kubectl.out("wait", "--for=delete", "bucket/a", "--timeout=20s")
    kubectl.out("delete", "bucket", "b")
    assert kubectl.out("get", "buckets") == ""


def test_a_watch_shows_what_happens(kubectl: Kubectl) -> None:
    assert KUBECTL is not None
    command = [KUBECTL, "get", "buckets", "-w", "--no-headers", "--output-watch-events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=kubectl.environment) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline().split()[:2] for _ in range(2)]
        kubectl.sandbox.ask("DELETE", "/apis/objectstorage.k8s.io/v1alpha1/buckets/b")
        seen.append(process.stdout.readline().split()[:2])
        process.kill()
    assert seen == [["ADDED", "a"], ["ADDED", "b"], ["DELETED", "b"]]


def test_rights_can_be_asked_for(kubectl: Kubectl) -> None:
    assert kubectl.out("auth", "can-i", "delete", "bucketclaims.objectstorage.k8s.io").strip() == "yes"
    assert "cannot list" in kubectl.run("get", "buckets", "--as=viewer").stderr


@pytest.mark.skipif(MINOR < 28, reason="this kubectl has no auth whoami")
def test_kubectl_learns_who_it_is(kubectl: Kubectl) -> None:
    assert "sandbox-admin" in kubectl.out("auth", "whoami")
