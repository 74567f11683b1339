"""Which roles a use takes, and which commands are incomplete with what somebody has. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from cosictl.errors import UsageError
from cosictl.knowledge.rights import RIGHTS
from cosictl.model.rights import Held, Question, Right, Role, Rule, Subject, Use, Where

EVENT_HOME = "default"

_USES = {
    Use.READ_ONLY: "to look: diagnose, wait, get, events, snapshot, report, sidecars",
    Use.PROBE: "to ask drivers: probe-driver",
    Use.REMEDY: "to change things: mark, unmark, quarantine, resume, repair, cleanup, apply, undo",
}
_SHARED = (
    "What no Role can grant: kinds without namespaces, and what may be in any. Who is not bound to it is told what "
    "could not be read"
)


def rights_of(uses: Iterable[Use]) -> tuple[Right, ...]:
    """Return the rights that some uses take."""
    wanted = frozenset(uses)
    return tuple(right for right in RIGHTS if right.use in wanted)


def roles_of(use: Use, namespace: str = "") -> tuple[Role, ...]:
    """Return the smallest roles of a use: one ClusterRole; for one namespace Roles, and a ClusterRole for the rest."""
    rights, name, what = rights_of([use]), f"cosictl-{use}", f"{use}, {_USES[use]}"
    if not namespace:
        return (Role(name=name, namespace="", about=f"{what}, in every namespace", rules=_rules(rights)),)
    inside = [right for right in rights if right.where in {Where.NAMESPACE, Where.EVENTS}]
    roles = [Role(name=name, namespace=namespace, about=f"{what}, in one namespace", rules=_rules(inside))]
    events = [right for right in rights if right.where is Where.EVENTS]
    if events and namespace != EVENT_HOME:
        about = "Events about Buckets, which have no namespace, are in this one"
        roles.append(Role(name=f"{name}-events", namespace=EVENT_HOME, about=about, rules=_rules(events)))
    shared = [right for right in rights if right.where in {Where.CLUSTER, Where.EVERYWHERE}]
    roles.append(Role(name=f"{name}-shared", namespace="", about=_SHARED, rules=_rules(shared)))
    return tuple(roles)


def _rules(rights: Sequence[Right]) -> tuple[Rule, ...]:
    """Return a rule for each resource, with all its verbs, in the order in which they come."""
    grouped: dict[tuple[str, str, tuple[str, ...]], list[Right]] = {}
    for right in rights:
        grouped.setdefault((right.group, right.resource, right.names), []).append(right)
    return tuple(
        Rule(group=group, resource=resource, names=names, rights=tuple(some))
        for (group, resource, names), some in grouped.items()
    )


def parse_subject(text: str) -> Subject:
    """Read ``user:NAME``, ``group:NAME`` or ``serviceaccount:NAMESPACE/NAME``; raises UsageError."""
    kind, _, name = text.partition(":")
    match kind.lower(), name.split("/"):
        case "user", _ if name:
            return Subject(kind="User", name=name)
        case "group", _ if name:
            return Subject(kind="Group", name=name)
        case "serviceaccount" | "sa", [namespace, account] if namespace and account:
            return Subject(kind="ServiceAccount", name=account, namespace=namespace)
        case _:
            raise UsageError(
                f"--bind-to {text}: is nobody", next_step="write user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME"
            )


def ask_about(
    rights: Sequence[Right], *, given: str, own: str, ask: Callable[[Sequence[Question]], Mapping[Question, bool]]
) -> tuple[Held, ...]:
    """Return what somebody has of each right, as ``ask`` says.

    ``given`` is the namespace asked for. Empty asks about the whole cluster, and where that is refused about ``own``,
    the context's namespace, to which commands then fall back.
    """
    first = [
        Question(right=right, namespace=place)
        for right in rights
        for place in _places(right, "" if right.where is Where.EVERYWHERE else given)
    ]
    said = dict(ask(first))
    if not given:
        refused = [q.right for q in first if not said[q] and q.right.where is not Where.CLUSTER]
        said |= ask([Question(right=right, namespace=place) for right in refused for place in _places(right, own)])
    return tuple(
        Held(
            right=right,
            granted=tuple(q.namespace for q, allowed in said.items() if q.right == right and allowed),
            refused=tuple(q.namespace for q, allowed in said.items() if q.right == right and not allowed),
        )
        for right in rights
    )


def _places(right: Right, namespace: str) -> tuple[str, ...]:
    """Where to ask about a right that is needed in a namespace; empty is the whole cluster."""
    if right.names and right.resource == "namespaces":
        # To the server, a namespace is in itself.
        return right.names
    if right.where is Where.CLUSTER or not namespace:
        return ("",)
    if right.where is Where.EVENTS:
        return tuple(dict.fromkeys((namespace, EVENT_HOME)))
    return (namespace,)


def incomplete(held: Sequence[Held]) -> dict[str, tuple[Held, ...]]:
    """Return every command with what it misses; nothing where it is complete."""
    commands = dict.fromkeys(command for one in held for command in one.right.commands)
    return {
        command: tuple(one for one in held if command in one.right.commands and not one.is_whole)
        for command in commands
    }
