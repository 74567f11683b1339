"""Leader election as client-go does it: one Lease, renewed while its holder lives."""

from datetime import timedelta
from typing import Final

from cosictl.sandbox.api.resources import LEASES
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.ports import ApiError, Json

# v0.2.2 internal/runtime/controller.go: lease duration and the pause between renewals, in seconds. The main of v1alpha2
# elects no leader unless it is told to.
DURATION: Final = 150
PERIOD: Final = 60
CONTROLLER_LEASE: Final = "leader-lock-cosi-controller-manager"


def sidecar_lease(driver: str) -> str:
    """Return the name of a v1alpha1 sidecar's Lease: the driver's name, other characters as dashes, and ``-cosi``."""
    letters = (letter if letter.isascii() and letter.isalnum() else "-" for letter in driver)
    return "".join(letters).lower() + "-cosi"


class Leader:
    """Takes a Lease and keeps it. In the sandbox nobody contends: whoever held it before is taken to be gone."""

    def __init__(self, api: ApiClient, clock: Clock, *, namespace: str, name: str, holder: str) -> None:
        self._api = api
        self._clock = clock
        self._namespace = namespace
        self._name = name
        self._holder = holder

    async def acquire(self) -> None:
        """Take the Lease; tries again while the API server refuses, and does without where its namespace is missing."""
        while not await self._renewed(acquiring=True):
            await self._clock.sleep(PERIOD)

    async def run(self) -> None:
        """Renew once a period until cancelled."""
        due = self._clock.now()
        while True:
            due = max(due + timedelta(seconds=PERIOD), self._clock.now())
            await self._clock.sleep((due - self._clock.now()).total_seconds())
            await self._renewed(acquiring=False)

    async def _renewed(self, *, acquiring: bool) -> bool:
        try:
            try:
                lease = await self._api.get(LEASES, self._namespace, self._name)
            except ApiError as error:
                if error.code != 404:
                    raise
                await self._api.create(LEASES, self._namespace, self._lease({}, acquiring=True))
            else:
                await self._api.update(LEASES, self._lease(lease, acquiring=acquiring))
        except ApiError as error:
            return error.code == 404
        return True

    def _lease(self, value: Json, *, acquiring: bool) -> Json:
        now = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lease = value or {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"name": self._name, "namespace": self._namespace},
        }
        spec = dict(lease.get("spec") or {})
        if acquiring and spec.get("holderIdentity") != self._holder:
            spec["leaseTransitions"] = spec.get("leaseTransitions", -1) + 1
            spec["acquireTime"] = now
        spec |= {"holderIdentity": self._holder, "leaseDurationSeconds": DURATION, "renewTime": now}
        return lease | {"spec": spec}
