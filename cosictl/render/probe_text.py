"""What ``probe-driver`` found, as documents and as text: who the driver is, and what it answers to the sidecar."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.model.failures import Classification
from cosictl.render.console import Out
from cosictl.render.finding_text import FIXERS, meaning
from cosictl.render.safe import escape, wrap

_LABEL: Final = 16
_MILLI: Final = 1000
# More objects than these are counted, not named.
_NAMED: Final = 2
COMPARISONS: Final = {
    "reproduced": "reproduced: the driver fails as recorded",
    "changed": "changed: the driver fails otherwise than recorded",
    "fixed": "fixed: the driver answers OK now",
    "worse": "worse: the recorded failure might have passed, this one does not",
    "unrecorded": "not recorded: the object says nothing about this failure",
}


def info_document(
    *,
    endpoint: str,
    name: str,
    versions: Sequence[str],
    protocols: Sequence[str],
    times: Mapping[str, float] | None,
    health: str,
    reflection: bool,
    problems: Sequence[str],
    names: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return who a driver is, for programs; times are in seconds."""
    return {
        "name": name,
        "apiVersions": list(versions),
        "protocols": list(protocols),
        "roundTrip": dict(times) if times is not None else None,
        "endpoint": endpoint,
        "health": health or None,
        "reflection": reflection,
        "nameProblems": list(problems),
        "cluster": dict(names) if names is not None else None,
    }


def print_info(document: Mapping[str, Any], out: Out) -> None:
    """Print who a driver is."""
    versions = document["apiVersions"]
    out.line(f"{escape(document['name']) or '(no name)'} · {' + '.join(versions)}", style="bold")
    _labelled(out, "at", escape(document["endpoint"]))
    _labelled(out, "protocols", ", ".join(map(escape, document["protocols"])) or _no_protocols(versions))
    _labelled(out, "round trip", _times(document["roundTrip"]))
    _labelled(out, "health", document["health"] or "not served")
    _labelled(out, "reflection", "served" if document["reflection"] else "not served")
    for problem in document["nameProblems"] or ("valid",):
        _labelled(out, "name", problem)
    _names(document["cluster"], out)


def _no_protocols(versions: Sequence[str]) -> str:
    return "none, so a v1alpha2 sidecar refuses every Bucket" if "v1alpha2" in versions else "v1alpha1 does not ask"


def _times(times: Mapping[str, float] | None) -> str:
    if times is None:
        return "not measured: it did not answer again"
    least, middle, most = (f"{times[key] * _MILLI:.1f}" for key in ("min", "median", "max"))
    return f"{middle} ms median, {least} to {most} ms ({times['count']:.0f} calls)"


def _names(names: Mapping[str, Any] | None, out: Out) -> None:
    if names is None:
        return
    if not names["compared"]:
        _labelled(out, "asked for", f"not compared with a cluster: {names['reason']}")
        return
    exactly, nearly = names["exactly"], names["butForCase"]
    _labelled(out, "asked for", f"by {_some(exactly)}" if exactly else "by nobody, exactly as it is written")
    if nearly:
        spelled = sorted({entry["asksFor"] for entry in nearly})
        who = _some([entry["object"] for entry in nearly])
        words = f"{who} asks for {', '.join(map(escape, spelled))}: v1alpha1 takes that, v1alpha2 does not (COSI601)"
        _labelled(out, "but for case", words)
    if names["otherDrivers"] and not exactly and not nearly:
        _labelled(out, "others", f"the cluster asks for {', '.join(map(escape, names['otherDrivers']))}")


def _some(refs: Sequence[str]) -> str:
    """Name a few objects, count many by their kinds."""
    if len(refs) <= _NAMED:
        return ", ".join(map(escape, refs))
    kinds = Counter(ref.partition("/")[0] for ref in refs)
    return ", ".join(
        f"{count} {kind}{'' if count == 1 else 'es' if kind.endswith('s') else 's'}" for kind, count in kinds.items()
    )


def print_request(head: str, request: Mapping[str, Any], facts: Sequence[tuple[str, str]], out: Out) -> None:
    """Print what would be sent: a title, the request as JSON, and labelled facts about it."""
    for line in wrap(escape(head), out.width, "", "  "):
        out.line(line, style="bold")
    for text in json.dumps(request, indent=2, ensure_ascii=False).splitlines():
        out.line(f"  {escape(text)}")
    for label, words in facts:
        _labelled(out, label, escape(words))


def print_outcome(facts: Sequence[tuple[str, str]], out: Out, *, good: bool) -> None:
    """Print what came back: the first fact stands out."""
    out.line()
    for place, (label, words) in enumerate(facts):
        style = ("bold green" if good else "bold red") if place == 0 else ""
        _labelled(out, label, escape(words), style=style)


def finding_words(code: str) -> str:
    """Return a finding by its code, with its title."""
    return f"{code}  {CATALOGUE[code].title}"


_WAITING: Final = {
    True: "it may: the cause can pass by itself",
    False: "no: the same request cannot succeed",
    None: "unknown: the answer does not tell",
}


def meaning_facts(found: Classification) -> list[tuple[str, str]]:
    """Return what a refusal means, whether waiting helps, and who fixes it."""
    return [
        ("means", meaning(found)),
        ("waiting helps?", _WAITING[found.retryable]),
        ("who fixes", FIXERS[found.fix_by]),
    ]


def remedy_words(code: str) -> str:
    """Return what helps against a finding."""
    return CATALOGUE[code].remedy


def _labelled(out: Out, label: str, words: str, *, style: str = "") -> None:
    lead = f"  {label:<{_LABEL}}"
    for line in wrap(words, out.width, lead, " " * len(lead)):
        out.line(line, style=style)
