"""Deaths of a sidecar over an access that is not among the objects that were read. Pure.

In: the graph. Out: which of them still matter, and what a finding about one says. An access that was deleted since
ends the loop; one that is younger than a dump, or whose namespace could not be read, is still to blame.
"""

from collections.abc import Iterable

from cosictl.diagnosis.advice import commands_about
from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.logs import Poison
from cosictl.diagnosis.service import Sidecar
from cosictl.knowledge.proven import PROVEN
from cosictl.model.copying import replace
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import Evidence, Finding


def strays(graph: Graph) -> tuple[Poison, ...]:
    """Return deaths over accesses that are not known, the newest of each; known ones carry a finding themselves."""
    newest: dict[Ref, Poison] = {}
    for poison in graph.spoken.poisons:
        root = root_of(poison)
        known = [graph.object_of(ref) is not None for ref in poison.candidates]
        if poison.is_known or (known and all(known)) or _is_gone(graph, poison):
            continue
        other = newest.get(root)
        if other is None or _when(poison) >= _when(other):
            newest[root] = poison
    return tuple(newest[root] for root in sorted(newest))


def root_of(poison: Poison) -> Ref:
    """Name what a death is about as well as the log allows: an access, a name that several have, the Pod."""
    if poison.ref is not None:
        return poison.ref
    origin = poison.crash.origin
    names = {ref.name for ref in poison.candidates} or {poison.crash.names.access}
    if len(names) == 1 and "" not in names:
        return Ref(Kind.ACCESS, "", names.pop())
    return Ref("Pod", origin.namespace, origin.pod) if origin.pod else Ref("Log", "", origin.file)


def is_of(poison: Poison, part: Sidecar) -> bool:
    """Whether a death is one of this container's, or of an unknown container's."""
    origin = poison.crash.origin
    if not origin.pod:
        return True
    return (origin.namespace, origin.pod) == (part.pod.meta.namespace, part.pod.meta.name)


def with_poison(graph: Graph, finding: Finding, poison: Poison, more: Iterable[Evidence]) -> Finding:
    """Complete a finding of the catalogue by what a log proves."""
    known = PROVEN[finding.code]
    own = commands_about(graph, known.commands, finding.root) if poison.ref is not None else ()
    return replace(
        finding,
        evidence=(*finding.evidence, *more),
        remedy=known.remedy if poison.ref is not None else finding.remedy,
        commands=(*own, *finding.commands),
    )


def _when(poison: Poison) -> float:
    return poison.crash.at.timestamp() if poison.crash.at is not None else 0.0


def _is_gone(graph: Graph, poison: Poison) -> bool:
    """Whether the access is known not to exist: accesses were read, and read after the death."""
    at = poison.crash.at
    if poison.candidates or poison.ref is None or at is None or at >= graph.snapshot.taken_at:
        return False
    return graph.was_read("bucketaccesses", poison.ref.namespace)
