"""What other sidecars would do, as a person reads it: one line per policy, then names and the reason."""

from collections.abc import Iterable
from typing import Final

from cosictl.knowledge.hazards import (
    CONTRADICTS_SPEC,
    DELETE_NOT_FOUND,
    NO_DELETION,
    RETAIN_STAYS,
    STOPS_NOTHING,
    UNSETTLED,
)
from cosictl.knowledge.policies import POLICIES
from cosictl.model.fleet import Comparison, Prospect
from cosictl.model.refs import Ref
from cosictl.model.report import PolicyChoice
from cosictl.render.console import Out
from cosictl.render.lines import labelled, many, names_of
from cosictl.render.tables import print_rows

_HEADS: Final = ("POLICY", "KIND", "LOOPS END", "PARKED", "IN VAIN", "STRANDED", "CRASHES", "CALLS/H")
# Hazards that are the reason against a proposal, and stand beside its line.
_REASONS: Final = frozenset(
    hazard.slug
    for hazard in (
        CONTRADICTS_SPEC,
        DELETE_NOT_FOUND,
        NO_DELETION,
        RETAIN_STAYS,
        STOPS_NOTHING,
        UNSETTLED,
    )
)


def print_comparison(
    found: Comparison, out: Out, *, named: bool = False, show_all: bool = False, prog: str = "cosictl"
) -> None:
    """Print the prospects; ``named``: somebody asked for these policies, so that their objects are named."""
    now = ", ".join(_choice(choice) for choice in found.now)
    labelled(out, "now", f"{now}; {many(found.loops_now, 'object')} retried, {found.calls_now:.0f} calls an hour")
    labelled(out, "counted", _counted(found))
    if not found.counted:
        labelled(
            out,
            "",
            "No recorded failure names an answer of a driver, so what another policy would do cannot be told from "
            "here. A sidecar that dies, or a loop that records nothing, is found by diagnose --logs --previous.",
        )
        return
    out.line()
    print_rows(_HEADS, [_row(item) for item in found.prospects], out)
    for item in found.prospects:
        out.line()
        _prospect(item, found, out, names=named or show_all, show_all=show_all)
    out.line()
    labelled(out, "read it so", _LEGEND)
    labelled(out, "more", f"{prog} diagnose --assume-sidecar POLICY · {prog} sidecars fix · {prog} explain POLICY")


_LEGEND: Final = (
    "LOOPS END: retried now, and would not be. PARKED: left alone until somebody acts. IN VAIN: retried although it "
    "can never succeed. STRANDED: parked although it heals by itself or by work elsewhere. CALLS/H: calls to drivers "
    "in an hour, once the delays have grown"
)


def _counted(found: Comparison) -> str:
    words = f"{many(found.counted, 'failing object')} whose record names the driver's answer"
    if found.silent:
        words += f"; {found.silent} more fail without one (silent loops, lost hand-offs), so no policy says anything"
    return words


def _choice(choice: PolicyChoice) -> str:
    return f"{choice.policy}{f' for {choice.driver}' if choice.driver else ''} ({choice.certainty.value})"


def _row(item: Prospect) -> list[str]:
    row = POLICIES[item.policy]
    return [
        item.policy,
        f"{'reference' if row.reference else 'release'} {row.api.value}",
        *(str(len(group)) for group in (item.ends, item.parks, item.hopeless, item.strands, item.crashes)),
        f"{item.calls:.0f}",
    ]


def _prospect(item: Prospect, found: Comparison, out: Out, *, names: bool, show_all: bool) -> None:
    row = POLICIES[item.policy]
    out.line(f"{item.policy}: {row.title}", style="bold")
    for label, words in _verdicts(item, found):
        labelled(out, label, words)
    groups: Iterable[tuple[str, tuple[Ref, ...]]] = (
        ("loops end", item.ends),
        ("parked", item.parks),
        ("in vain", item.hopeless),
        ("stranded", item.strands),
        ("crashes", item.crashes),
        ("left open", item.open),
    )
    for label, refs in groups:
        if refs and (names or label in {"stranded", "crashes"}):
            labelled(out, label, names_of(refs, show_all=show_all))


def _verdicts(item: Prospect, found: Comparison) -> list[tuple[str, str]]:
    row = POLICIES[item.policy]
    lines = [("why", row.note)] if row.note else []
    lines += [("beware", hazard.text) for hazard in row.hazards if hazard.slug in _REASONS]
    if item.against_spec and row.reference:
        count = len(item.against_spec)
        lines.append(("against", f"parks {many(count, 'object')} where the v1alpha2 specification says retry"))
    if row.api not in found.apis and found.apis:
        lines.append(("beware", "another API version than these objects: a migration, not a change of image (COSI507)"))
    return lines
