"""The cluster that the tests are run against, with a namespace of their own."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from tests.conftest import CLUSTER
from tests.sandbox_server import Sandbox

GROUP: Final = "objectstorage.k8s.io"
Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster: how to reach it, the COSI version to use there, a namespace, and a prefix for other names."""

    kubeconfig: Path
    api: Any
    version: str
    namespace: str

    @property
    def custom(self) -> Any:
        return client.CustomObjectsApi(self.api)

    @property
    def core(self) -> Any:
        return client.CoreV1Api(self.api)

    def body(self, name: str, **meta: Any) -> Object:
        """A claim on a class that does not exist: nobody acts on it."""
        return {
            "apiVersion": f"{GROUP}/{self.version}",
            "kind": "BucketClaim",
            "metadata": {"name": name, "namespace": self.namespace, **meta},
            "spec": {"bucketClassName": f"{self.namespace}-none", "protocols": ["S3"]},
        }

    def make(self, name: str, **meta: Any) -> Object:
        made: Object = self.custom.create_namespaced_custom_object(
            GROUP, self.version, self.namespace, "bucketclaims", self.body(name, **meta)
        )
        return made

    def read(self, name: str) -> Object:
        found: Object = self.custom.get_namespaced_custom_object(
            GROUP, self.version, self.namespace, "bucketclaims", name
        )
        return found

    def patch(self, name: str, patch: object, kind: str, **query: str) -> Object:
        """Patch a claim; ``kind`` is the content type."""
        found: Object = self.custom.patch_namespaced_custom_object(
            GROUP, self.version, self.namespace, "bucketclaims", name, patch, _content_type=kind, **query
        )
        return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as stack:
        given = os.environ.get(CLUSTER, "")
        path = Path(given) if given else _sandbox(stack, tmp_path_factory.mktemp("contract"))
        api = config.new_client_from_config(str(path))
        stack.callback(api.close)
        namespace = f"cosictl-test-{secrets.token_hex(4)}"
        core = client.CoreV1Api(api)
        core.create_namespace({"metadata": {"name": namespace}})
        found = Cluster(kubeconfig=path, api=api, version=_version(api), namespace=namespace)
        try:
            yield found
        finally:
            _empty(found)
            core.delete_namespace(namespace)


def _sandbox(stack: ExitStack, folder: Path) -> Path:
    return stack.enter_context(Sandbox()).kubeconfig(folder)


def _version(api: Any) -> str:
    try:
        group = client.ApisApi(api).get_api_versions()
    except ApiException as error:
        pytest.skip(f"the cluster's API groups cannot be read: {error.reason}")
    served = [entry for entry in group.groups if entry.name == GROUP]
    if not served:
        pytest.skip("the cluster has no COSI CRDs")
    version: str = served[0].preferred_version.version
    return version


def _empty(cluster: Cluster) -> None:
    """Remove what the tests made, finalizers first."""
    listed = cluster.custom.list_namespaced_custom_object(GROUP, cluster.version, cluster.namespace, "bucketclaims")
    for claim in listed["items"]:
        name = claim["metadata"]["name"]
        cluster.patch(name, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
        try:
            cluster.custom.delete_namespaced_custom_object(
                GROUP, cluster.version, cluster.namespace, "bucketclaims", name
            )
        except ApiException as error:
            if error.status != 404:
                raise


def eventually(check: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Ask until it holds; a real cluster takes its time."""
    for _ in range(int(seconds / 0.1)):
        if check():
            return True
        time.sleep(0.1)
    return False
