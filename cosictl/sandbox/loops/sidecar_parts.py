"""What the handlers of a sidecar share: the driver as they see it, their clients, and how a failure is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cosictl.driver.types import Driver, DriverError
from cosictl.knowledge.policies import EditEffect, Policy
from cosictl.model.refs import Rpc
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.kubelet import ExitError
from cosictl.sandbox.loops.reactions import reaction
from cosictl.sandbox.loops.recorder import Recorder, involved
from cosictl.sandbox.loops.runtime_v1 import FailedError
from cosictl.sandbox.ports import Json, Resource

# Reason of the event and the first words of its text (v0.2.2 client/apis/objectstorage/v1alpha1/events.go).
_SAID: Final[Mapping[Rpc, tuple[str, str]]] = {
    Rpc.CREATE: ("FailedCreateBucket", "failed to create bucket"),
    Rpc.DELETE: ("FailedDeleteBucket", "failed to delete bucket"),
    Rpc.GRANT: ("FailedGrantAccess", "failed to grant bucket access"),
    Rpc.REVOKE: ("FailedRevokeAccess", "failed to revoke access"),
}
# The end of the log of a sidecar that died of a grant answered AlreadyExists.
_PANIC: Final = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x10 pc=0x1905a21]
sigs.k8s.io/container-object-storage-interface/sidecar/pkg/bucketaccess.(*BucketAccessListener).Add
"""


def rpc_error(error: DriverError) -> str:
    """Return a driver's refusal in grpc-go's words."""
    return f"rpc error: code = {error.code.value} desc = {error.message}"


class StoppedError(Exception):
    """A failure that is recorded and not tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsV1:
    """One v1alpha1 sidecar process: two clients, as it has, each with its own rate limit."""

    api: ApiClient
    kube: ApiClient
    recorder: Recorder
    driver: Driver
    driver_name: str
    policy: Policy

    @property
    def resumes(self) -> bool:
        """Whether an edit and a restart lead to the same work as the first sight of an object (since v0.2.2)."""
        return self.policy.edit is EditEffect.RETRIES_NOW

    def serves(self, driver: str) -> bool:
        """Whether a driver's name is this sidecar's; case does not count (v0.2.2 bucket_controller.go:82)."""
        return driver.lower() == self.driver_name.lower()

    def failed(self, resource: Resource, about: Json, reason: str, text: str, *, times: int = 1) -> FailedError:
        """Record a failure and return the error that queues the object again."""
        for _ in range(times):
            self.recorder.warn(involved(about, resource.api_version, resource.kind), reason, text)
        return FailedError(text)

    def refused(self, resource: Resource, about: Json, rpc: Rpc, error: DriverError) -> Exception:
        """Record a driver's refusal as the policy has it and return what ends the handler."""
        after = reaction(self.policy, rpc, error.code)
        reason, words = _SAID[rpc]
        failed = self.failed(resource, about, reason, f"{words}: {rpc_error(error)}", times=after.events)
        if after.dies:
            return ExitError(2, _PANIC)
        return failed if after.again else StoppedError(str(failed))
