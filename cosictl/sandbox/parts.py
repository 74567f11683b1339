"""The Pods of a sandbox: what ``kubectl get pods`` shows of its controller and sidecars, with the images they play."""

from pathlib import PurePosixPath
from typing import Final

from cosictl.knowledge.policies import Policy
from cosictl.model.refs import Api
from cosictl.sandbox.plan import CONTROLLER_NAMESPACE, Served
from cosictl.sandbox.ports import MOUNT, Json

_UPSTREAM: Final = "registry.k8s.io/sig-storage"
_STAGING: Final = "gcr.io/k8s-staging-sig-storage"
# The image that a policy without a release was read from; reference tables are played by nobody, and have none.
_SIDECARS: Final = {
    "image-60": f"{_STAGING}/objectstorage-sidecar:v20241219-v0.1.0-60-g6a5a12c",
    "main-2026-03": f"{_STAGING}/objectstorage-sidecar:v20260226-v0.2.0-265-g218399f",
    "later-main": f"{_STAGING}/objectstorage-sidecar:main",
}
_CONTROLLERS: Final = {
    Api.V1ALPHA1: f"{_UPSTREAM}/objectstorage-controller:v0.2.2",
    Api.V1ALPHA2: f"{_STAGING}/objectstorage-controller:v20260226-v0.2.0-265-g218399f",
}
# What the manifest of v0.2.2 deploys: a controller from before the change of names.
_OLD_CONTROLLER: Final = f"{_STAGING}/objectstorage-controller:v20250905-v0.2.0-100-gd904c62"
_VOLUME: Final = "socket"
SIDECAR: Final = "objectstorage-provisioner-sidecar"


def _image_of(policy: Policy) -> str:
    if policy.releases:
        return f"{_UPSTREAM}/objectstorage-sidecar:v{policy.releases[-1].number}"
    return _SIDECARS.get(policy.name, f"example.com/played/{policy.name}:sandbox")


def sidecar_pod(side: Served) -> Json:
    """Return the Pod of a driver: its sidecar first, then the driver."""
    image = _image_of(side.policy)
    name = side.driver.replace(".", "-") + "-0"
    pod = _pod(name, side.namespace, [(SIDECAR, image), ("driver", "example.com/cosictl/sandbox-driver:sandbox")])
    pod["spec"]["volumes"] = [{"name": _VOLUME, "emptyDir": {}}]
    for container in pod["spec"]["containers"]:
        container["volumeMounts"] = [{"name": _VOLUME, "mountPath": str(PurePosixPath(MOUNT).parent)}]
    # As the manifests of the two generations say it.
    told: Json = {"args": [f"--driver-addr=unix://{MOUNT}"]}
    if side.policy.api is Api.V1ALPHA2:
        told = {"env": [{"name": "COSI_ENDPOINT", "value": f"unix://{MOUNT}"}]}
    pod["spec"]["containers"][0] |= told
    return pod


def controller_pod(api: Api, *, old_names: bool) -> Json:
    """Return the Pod of a version's controller."""
    image = _OLD_CONTROLLER if old_names else _CONTROLLERS[api]
    return _pod(
        f"container-object-storage-controller-{api.value}", CONTROLLER_NAMESPACE, [("objectstorage-controller", image)]
    )


def _pod(name: str, namespace: str, containers: list[tuple[str, str]]) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "nodeName": "sandbox",
            "containers": [
                {"name": container, "image": image, "terminationMessagePolicy": "FallbackToLogsOnError"}
                for container, image in containers
            ],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {"name": container, "image": image, "imageID": "", "ready": True, "restartCount": 0}
                for container, image in containers
            ],
        },
    }
