"""Who serves which driver, what another sidecar would do, and how to change one: nouns without behaviour.

Policies, hazards and images are named by their names and sentences here; the rows are in ``knowledge``.
"""

from collections.abc import Mapping

from msgspec import Struct

from cosictl.model.refs import Api, Ref
from cosictl.model.report import Outlook, PolicyChoice


class Component(Struct, frozen=True, kw_only=True, gc=False):
    """One container that runs a sidecar or a controller, and what its image is known to be.

    ``ended`` is how it last ended ("" where it never did). ``api`` is None where the image does not tell. The owner is
    what made the Pod (a Deployment, say); a Pod that nobody made owns itself.
    """

    namespace: str
    pod: str
    container: str
    node: str
    ready: bool
    restarts: int
    ended: str
    image: str
    image_id: str
    release: str
    policy: str
    api: Api | None
    why: str
    certain: bool
    owner_kind: str
    owner_name: str
    init: bool

    @property
    def place(self) -> str:
        """Namespace and name of the Pod."""
        return f"{self.namespace}/{self.pod}"


class LeaseView(Struct, frozen=True, kw_only=True, gc=False):
    """A Lease as people look at it; ``age`` is seconds since it was renewed, None where it does not say.

    ``state`` is one of alive, takeover, dead and untold.
    """

    place: str
    holder: str
    age: float | None
    state: str


class HazardNote(Struct, frozen=True, kw_only=True, gc=False):
    """One thing about a release that surprises people. ``seen``: the findings here by which it shows itself.

    ``first``: it belongs to what a person on call has to know first.
    """

    slug: str
    text: str
    source: str
    seen: tuple[str, ...] = ()
    first: bool = False


class DriverLine(Struct, frozen=True, kw_only=True, gc=False):
    """One driver in one API version, with who serves it.

    ``matched`` says how the Pods were found. ``leases`` are all that live, or the dead ones where none does.
    ``served`` is alive, takeover, dead, absent or untold. ``outlooks`` counts its Buckets. ``stops`` is whether its
    sidecar stops on any error at all. ``calls`` is how many calls an hour its retries make that cannot succeed.
    """

    driver: str
    api: Api
    sidecars: tuple[Component, ...]
    matched: str
    controllers: tuple[Component, ...]
    controller_lease: LeaseView | None
    leases: tuple[LeaseView, ...]
    served: str
    choice: PolicyChoice
    stops: bool
    hazards: tuple[HazardNote, ...]
    outlooks: Mapping[Outlook, int]
    calls: float


class Fleet(Struct, frozen=True, kw_only=True, gc=False):
    """All drivers, the sidecars nobody could be matched with, and living Leases of drivers nobody names."""

    drivers: tuple[DriverLine, ...]
    unmatched: tuple[Component, ...]
    unnamed: tuple[LeaseView, ...]


class Prospect(Struct, frozen=True, kw_only=True, gc=False):
    """What one policy would do with the failing objects of a cluster.

    ``ends``: loops of now that would stop. ``parks``: what it would leave alone until somebody acts. ``hopeless``:
    what it would go on trying in vain. ``strands``: parked, although time or somebody's work elsewhere heals it.
    ``against_spec``: parked where the v1alpha2 specification says retry. ``crashes``: what would kill the sidecar.
    ``open``: cells that the policy leaves open. ``calls``: calls to drivers in an hour, in the long run.
    """

    policy: str
    ends: tuple[Ref, ...]
    parks: tuple[Ref, ...]
    hopeless: tuple[Ref, ...]
    strands: tuple[Ref, ...]
    against_spec: tuple[Ref, ...]
    crashes: tuple[Ref, ...]
    open: tuple[Ref, ...]
    calls: float


class Comparison(Struct, frozen=True, kw_only=True, gc=False):
    """Prospects of several policies for one cluster, beside what runs now.

    ``counted`` are the objects that policies say something about, ``silent`` the failing ones whose record names no
    answer of a driver, so that no policy can be asked about them.
    """

    apis: tuple[Api, ...]
    now: tuple[PolicyChoice, ...]
    calls_now: float
    loops_now: int
    counted: int
    silent: int
    prospects: tuple[Prospect, ...]


class Fix(Struct, frozen=True, kw_only=True, gc=False):
    """One workload whose sidecar can be changed, or why it cannot.

    ``to`` is "" where no image can be named. ``looping`` is how many objects of its drivers loop now.
    """

    component: Component
    kind: str
    name: str
    to: str
    to_policy: str
    gains: tuple[str, ...]
    stuck: tuple[str, ...]
    warnings: tuple[str, ...]
    why_none: str
    looping: int
    drivers: tuple[str, ...]
