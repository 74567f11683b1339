"""What to type: the catalogue's commands with the names of the objects at hand."""

import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from string import Formatter

from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.service import components
from cosictl.knowledge.commands import BLANKS, BUCKET
from cosictl.model.objects import CosiObject, Pod
from cosictl.model.refs import CLUSTER_SCOPED, Api, Kind, Ref
from cosictl.model.report import Outlook

# Without these a command is about nothing; without a Pod's name it still tells where to look.
_ESSENTIAL = frozenset({"name", "bucket", "claim", "class", "secret", "finalizer"})


# What takes something away or overwrites it; an annotation only wakes a reconciler.
# Retain lets a deletion finish on v1alpha1 only; v1alpha2 does not delete such a Bucket at all (COSI316).
_RETAINS = " --retain"
_CHANGING = ("kubectl delete ", "kubectl patch ", "kubectl edit ", "cosictl cleanup ")


def offered(templates: Sequence[str], outlook: Outlook) -> tuple[str, ...]:
    """Return the commands that may be offered: where nothing is certain, or time may heal it, only those that look."""
    if outlook not in {Outlook.UNKNOWN, Outlook.RETRYING, Outlook.WAITING}:
        return tuple(templates)
    return tuple(text for text in templates if not text.startswith(_CHANGING))


def commands_about(
    graph: Graph, templates: Sequence[str], ref: Ref, more: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Fill the names of an object into commands of the catalogue.

    Commands whose object is not known are left out while others remain. ``more`` are facts that ``graph`` cannot
    tell; they win. Out: commands for a POSIX shell, blanks in capitals (``knowledge.commands.BLANKS``).
    """
    facts = {**_facts(graph, ref), **(more or {})}
    if ref.kind != Kind.ACCESS:  # a Pod's name is no access's
        templates = [text for text in templates if "access/{name}" not in text] or templates
    item = graph.object_of(ref)
    if item is not None and item.api is Api.V1ALPHA2:
        templates = [text for text in templates if _RETAINS not in text]
    if ref.kind in CLUSTER_SCOPED:
        templates = [
            text.replace("/{name} -n {namespace}", "/{name}") if "{kind}" in text or "{resource}" in text else text
            for text in templates
        ]
    known = [text for text in templates if all(map(facts.get, _names_in(text) & _ESSENTIAL))] or templates
    # Names are foreign text, so every one is quoted for the shell.
    values = {
        key: shlex.quote(facts[key]) if facts.get(key) else BLANKS[key]
        for key in frozenset().union(*map(_names_in, known))
    }
    return tuple(text.format_map(values) for text in known)


@cache
def _names_in(template: str) -> frozenset[str]:
    return frozenset(key for _, key, _, _ in Formatter().parse(template) if key)


# What our own commands call a kind, and what kubectl does: other projects have a kind Bucket of their own.
_SPOKEN: Mapping[str, tuple[str, str]] = {
    Kind.BUCKET: ("bucket", BUCKET),
    Kind.CLAIM: ("claim", "bucketclaim"),
    Kind.ACCESS: ("access", "bucketaccess"),
}


def _facts(graph: Graph, ref: Ref) -> dict[str, str]:
    """The names that commands about this object may need."""
    kind, resource = _SPOKEN.get(ref.kind, ("", ""))
    facts = {"kind": kind, "resource": resource, "name": ref.name, "namespace": ref.namespace}
    pods = _pods_about(graph, ref)
    if len(pods) == 1:
        facts |= {"pod": pods[0].meta.name, "sidecar_namespace": pods[0].meta.namespace}
    return facts | _own_facts(graph, ref)


def _pods_about(graph: Graph, ref: Ref) -> list[Pod]:
    """Return the Pod itself, or those whose sidecar serves the API version of an object; else all that there are."""
    pods = graph.snapshot.pods
    if ref.kind == "Pod":
        return [pod for pod in pods if (pod.meta.namespace, pod.meta.name) == (ref.namespace, ref.name)]
    item = graph.object_of(ref)
    serving = {
        (part.pod.meta.namespace, part.pod.meta.name): part.pod
        for part in components(graph)
        if item is not None and part.match.role == "sidecar" and part.match.api in {None, item.api}
    }
    return list(serving.values()) or list(pods)


def _own_facts(graph: Graph, ref: Ref) -> dict[str, str]:
    facts: dict[str, str] = {}
    if ref.kind == Kind.BUCKET and ref.name in graph.buckets:
        bucket = graph.buckets[ref.name]
        link_to = bucket.claim
        facts |= {"bucket": ref.name, "class": bucket.class_name, "finalizer": _only(bucket)}
        if link_to is not None:
            facts |= {"claim": link_to.name, "namespace": link_to.namespace}
            owner = graph.claim_of(bucket)
            facts["class"] = bucket.class_name or (owner.class_name if owner is not None else "")
    elif ref.kind == Kind.CLAIM and (ref.namespace, ref.name) in graph.claims:
        claim = graph.claims[ref.namespace, ref.name]
        named = graph.bucket_of(claim)
        bucket_name = named.meta.name if named is not None else claim.bucket_name or claim.existing_bucket
        facts |= {"claim": ref.name, "class": claim.class_name, "bucket": bucket_name, "finalizer": _only(claim)}
    elif ref.kind == Kind.ACCESS and (ref.namespace, ref.name) in graph.accesses:
        access = graph.accesses[ref.namespace, ref.name]
        facts |= {
            "claim": access.claim_names[0] if access.claim_names else "",
            "class": access.class_name,
            "secret": access.secret_names[0] if access.secret_names else "",
            "finalizer": _only(access),
        }
    elif ref.kind == Kind.BUCKET_CLASS:
        facts["class"] = ref.name
    elif ref.kind == "Namespace":
        facts["namespace"] = ref.name
    return facts


def _only(obj: CosiObject) -> str:
    """The one COSI finalizer of an object; with several, commands must not pick."""
    own = [name for name in obj.meta.finalizers if "objectstorage.k8s.io/" in name]
    return own[0] if len(own) == 1 else ""
