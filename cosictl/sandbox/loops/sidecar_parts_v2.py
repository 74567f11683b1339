"""What the reconcilers of a v1alpha2 sidecar share: the driver, the policy, and the keys that Secrets are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cosictl.driver.types import Driver, DriverError, DriverInfo
from cosictl.knowledge.policies import Policy
from cosictl.model.refs import Rpc
from cosictl.sandbox.loops.reactions import reaction
from cosictl.sandbox.loops.runtime_v2 import CachedApi, RetryError, TerminalError
from cosictl.sandbox.loops.sidecar_parts import rpc_error

_PREFIXES: Final = {"S3": "COSI_S3_", "Azure": "COSI_AZURE_", "GCS": "COSI_GCS_"}


def bucket_values(protocol: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what a driver says for one protocol as the keys of ``bucketInfo`` and of Secrets."""
    prefix = _PREFIXES.get(protocol, f"COSI_{protocol.upper()}_")
    return {prefix + name.upper(): value for name, value in fields.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsV2:
    """One v1alpha2 sidecar process. ``later``: main as it was after March 2026."""

    api: CachedApi
    driver: Driver
    info: DriverInfo
    policy: Policy
    later: bool

    def refused(self, rpc: Rpc, error: DriverError, *, words: str = "") -> RetryError | TerminalError:
        """Return what a driver's refusal means to the policy, in the words of ``status.error``."""
        text = words + rpc_error(error)
        return RetryError(text) if reaction(self.policy, rpc, error.code).again else TerminalError(text)
