"""What measuring a sidecar needs of the world: a cluster to write to, a stage with a driver and a sidecar, and time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An object that exists: its apiVersion as in manifests, the API's plural, where it is, and its UID."""

    api_version: str
    plural: str
    namespace: str
    name: str
    uid: str


class Kube(Protocol):
    """The cluster. Every method raises ClusterError with the server's own words where it is refused."""

    def create(self, plural: str, tree: Mapping[str, Any]) -> Thing:
        """Make an object."""

    def patch(self, thing: Thing, change: Mapping[str, Any], *, status: bool = False) -> None:
        """Apply a merge patch to an object or to its status; one that is gone is no error."""

    def remove(self, thing: Thing, *, force: bool = False) -> None:
        """Delete an object of that very UID; ``force`` takes its finalizers off too. One that is gone is no error."""

    def list(
        self, api_version: str, plural: str, *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> Sequence[Tree]:
        """Return objects; nothing where the cluster has no such resource."""


class HeardLike(Protocol):
    """One answered call: times in seconds on one clock, and in which life of the sidecar."""

    @property
    def rpc(self) -> Rpc:
        """Which call."""

    @property
    def key(self) -> str:
        """What it was about."""

    @property
    def code(self) -> GrpcCode:
        """What was answered."""

    @property
    def came(self) -> float:
        """When it arrived."""

    @property
    def answered(self) -> float:
        """When it was answered."""

    @property
    def life(self) -> int:
        """In which life."""


class Stage(Protocol):
    """A driver on a socket, and the sidecar that calls it."""

    @property
    def life(self) -> int:
        """How often the sidecar was started, as far as is known."""

    @property
    def asked(self) -> int:
        """How often it asked the driver who it is."""

    def tell(self, rpc: Rpc, key: str, code: GrpcCode, *, words: str = "", watched: bool = False) -> None:
        """Say what the driver answers, and in what words; ``watched``: the sidecar may die of it."""

    def heard(self) -> Sequence[HeardLike]:
        """Return the calls so far."""

    def met(self) -> Sequence[tuple[int, Rpc, str]]:
        """Return the watched calls by life, in the order of their first answers."""

    def held(self) -> float:
        """Return when a call last waited for its turn to be answered: until then silence says nothing."""

    def start(self, pod_namespace: str) -> None:
        """Start the sidecar, or wait for somebody to do so."""

    def alive(self) -> bool:
        """Tell whether it runs, as far as can be known."""

    def stop(self) -> None:
        """End the sidecar."""

    def close(self) -> None:
        """End the sidecar and the driver."""

    def last_words(self) -> str:
        """Return the end of what the sidecar wrote, masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything together.

    ``open_stage`` makes a stage whose driver has the name given. ``clock`` is in seconds, ``sleep`` takes them.
    ``own``: the sidecar is ours to start and end. ``say`` tells a person how far things are.
    """

    kube: Kube
    open_stage: Callable[[str], Stage]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    own: bool
    say: Callable[[str], None]
