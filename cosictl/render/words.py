"""Words that every form of a diagnosis has: on a screen, on a page, in a ticket. Foreign ones are not escaped yet."""

from collections.abc import Sequence
from typing import Final

from cosictl.model.report import Certainty, Finding, PolicyChoice
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
