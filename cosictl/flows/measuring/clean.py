"""Leave nothing behind: remove what a measurement made, what sidecars made for it, and what was written about it."""

from collections.abc import Callable, Iterator
from typing import Final

from cosictl.errors import ClusterError
from cosictl.flows.measuring.objects import GROUP, LABEL
from cosictl.flows.measuring.ports import Kube, Thing, Tree
from cosictl.flows.measuring.session import LEASES
from cosictl.model.refs import Api

# Accesses first: what they point to holds their sidecar up.
_LABELLED: Final = ("bucketaccesses", "bucketclaims", "buckets", "bucketaccessclasses")
# Events about Buckets, and about objects whose name got lost, are here, and v1alpha1 sidecars of ours.
_HOME: Final = "default"
# What nobody misses who may not read it: it expires, or is renewed by nobody.
_PASSING: Final = frozenset({"events", "leases"})
_ROUNDS: Final = 10
_EVENT_ROUNDS: Final = 3
_PAUSE: Final = 0.3


def clean_up(kube: Kube, sleep: Callable[[float], None], *, api: Api, run: str, namespace: str) -> tuple[str, ...]:
    """Remove everything of a run, and return in words what is left and why.

    An object is a run's own by its label, by the run's namespace, or by the run's name in its own; each is deleted by
    its UID. A namespace that is still terminating is not left behind, nor are events that a sidecar of somebody else
    goes on writing: they expire.
    """
    refused: dict[str, str] = {}
    left: list[Thing] = []
    for round_ in range(_ROUNDS):
        left = list(_found(kube, api, run, namespace, refused))
        if not any(thing.plural != "events" or round_ < _EVENT_ROUNDS for thing in left):
            break
        if round_:
            sleep(_PAUSE)
        for thing in left:
            try:
                kube.remove(thing, force=True)
            except ClusterError as error:
                refused[f"{thing.plural} {thing.name}"] = error.what
    remaining = [f"{thing.plural} {thing.name}" for thing in left if thing.plural not in {"namespaces", "events"}]
    words = [f"{what}: {why}" for what, why in refused.items() if what in remaining or what.endswith("cannot be read")]
    return (*words, *(what for what in remaining if what not in refused))


def _found(kube: Kube, api: Api, run: str, namespace: str, refused: dict[str, str]) -> Iterator[Thing]:
    """Yield what is still there."""
    for version, plural, where, labels in (
        *((f"{GROUP}/{api.value}", plural, "", f"{LABEL}={run}") for plural in _LABELLED),
        ("v1", "secrets", namespace, ""),
        ("v1", "events", _HOME, ""),
        (LEASES, "leases", _HOME, ""),
        (LEASES, "leases", namespace, ""),
        ("v1", "namespaces", "", f"{LABEL}={run}"),
    ):
        try:
            trees = kube.list(version, plural, namespace=where, labels=labels)
        except ClusterError as error:
            if plural not in _PASSING:
                refused[f"{plural} cannot be read"] = error.what
            continue
        yield from (_thing(version, plural, tree) for tree in trees if labels or _is_own(plural, tree, run))


def _is_own(plural: str, tree: Tree, run: str) -> bool:
    match plural:
        case "events":
            # Some v1alpha1 events are about an object without a name; their text has it.
            about = tree.get("involvedObject")
            name = str(about.get("name", "")) if isinstance(about, dict) else ""
            return name.startswith(f"{run}-") or f'"{run}-' in str(tree.get("message", ""))
        case "leases":
            return f"{run}-" in str(tree["metadata"]["name"])
        case _:
            return True


def _thing(version: str, plural: str, tree: Tree) -> Thing:
    meta = tree["metadata"]
    where = str(meta.get("namespace", ""))
    return Thing(api_version=version, plural=plural, namespace=where, name=str(meta["name"]), uid=str(meta["uid"]))
