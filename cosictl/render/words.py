"""Words that every form of a diagnosis has: on a screen, on a page, in a ticket. Foreign ones are not escaped yet."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from cosictl.model.refs import RESOURCES, Kind
from cosictl.model.report import Certainty, Finding, PolicyChoice, Report
from cosictl.model.snapshot import ReadOutcome
from cosictl.render.lines import many

# Why something was not read, where the server gave no words of its own.
UNREAD: Final = {
    ReadOutcome.OK: "read",
    ReadOutcome.FORBIDDEN: "no right to list it",
    ReadOutcome.ABSENT: "the cluster does not have it",
    ReadOutcome.FAILED: "reading failed",
    ReadOutcome.NOT_IN_DUMP: "not in the files, and a verdict needed it",
}

_COUNTED: Final = (
    (Kind.CLAIM, "claim", "claims"),
    (Kind.BUCKET, "bucket", "buckets"),
    (Kind.ACCESS, "access", "accesses"),
)


def counted_words(report: Report) -> str:
    """Say how many claims, buckets and accesses were seen; of a kind that could not be read there may be any number."""
    kinds = Counter(item.ref.kind for item in report.objects)
    lost = {status.resource for status in report.unread}
    return ", ".join(
        f"{plural} not read" if not kinds[kind] and RESOURCES[kind] in lost else many(kinds[kind], word, plural)
        for kind, word, plural in _COUNTED
    )


def none_words(report: Report) -> str:
    """Say that there is nothing to judge, and whether anything may be there all the same."""
    lost = {status.resource for status in report.unread} & {RESOURCES[kind] for kind, *_ in _COUNTED}
    return f"no claims, Buckets or accesses {'could be read' if lost else 'were found'}"


def policy_words(choice: PolicyChoice) -> str:
    """Name a policy, how it was found, and what else it could be."""
    of = f" of {choice.driver}" if choice.driver else ""
    others = [name for name in choice.candidates if name != choice.policy]
    if choice.certainty in {Certainty.IMAGE, Certainty.GIVEN} or not others:
        return f"{choice.policy}{of} ({choice.certainty.value})"
    return f"{choice.policy}{of} ({choice.certainty.value}; could be {', '.join(others)})"


def roots_words(findings: Sequence[Finding]) -> str:
    """Say how many objects of which kind carry a cause."""
    kinds = {finding.root.kind for finding in findings}
    word = str(next(iter(kinds))) if len(kinds) == 1 else "object"
    return many(len(findings), word, word + ("es" if word.endswith("s") else "s"))
