"""Rights: what a use takes, as roles grant it, and what somebody has of it."""

from enum import StrEnum

from msgspec import Struct

from cosictl.model.refs import Api


class Use(StrEnum):
    """What somebody wants to do with cosictl."""

    READ_ONLY = "read-only"
    PROBE = "probe"
    REMEDY = "remedy"


class Where(StrEnum):
    """Where a right is needed.

    ``CLUSTER``: for a kind without namespaces. ``NAMESPACE``: in the namespace of the objects. ``EVENTS``: there, and
    in ``default``, where events about cluster-scoped objects are. ``EVERYWHERE``: in all namespaces, because it is not
    known in which.
    """

    CLUSTER = "cluster"
    NAMESPACE = "namespace"
    EVENTS = "events"
    EVERYWHERE = "everywhere"


class Right(Struct, frozen=True, kw_only=True):
    """One verb on one resource (``pods/exec`` is a subresource) for one use.

    ``commands`` need it, ``lost`` says what they do without it. ``names`` are the only objects it is needed for,
    ``api`` the only version of COSI; empty and None are all.
    """

    use: Use
    group: str
    resource: str
    verb: str
    where: Where
    commands: tuple[str, ...]
    lost: str
    names: tuple[str, ...] = ()
    api: Api | None = None


class Rule(Struct, frozen=True, kw_only=True):
    """One rule of a role: one resource, and the rights that its verbs are for."""

    group: str
    resource: str
    names: tuple[str, ...]
    rights: tuple[Right, ...]

    @property
    def verbs(self) -> tuple[str, ...]:
        """Its verbs."""
        return tuple(right.verb for right in self.rights)


class Role(Struct, frozen=True, kw_only=True):
    """A Role, or where ``namespace`` is empty a ClusterRole. ``about`` says what it is for."""

    name: str
    namespace: str
    about: str
    rules: tuple[Rule, ...]

    @property
    def kind(self) -> str:
        """Its kind in the API."""
        return "Role" if self.namespace else "ClusterRole"


class Subject(Struct, frozen=True, kw_only=True):
    """Whom roles are bound to: a User, a Group, or a ServiceAccount, which is in a namespace."""

    kind: str
    name: str
    namespace: str = ""


class Question(Struct, frozen=True, kw_only=True):
    """Whether somebody has a right in a namespace; empty is the whole cluster."""

    right: Right
    namespace: str


class Held(Struct, frozen=True, kw_only=True):
    """What somebody has of a right: ``granted`` and ``refused`` are namespaces, "" is the whole cluster."""

    right: Right
    granted: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is missing."""
        return not self.refused
