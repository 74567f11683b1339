"""What the shell offers while a command line is being typed. Never an error, never a message."""

# ruff: noqa: PLC0415 - libraries load when a completion needs them

from collections.abc import Iterable

import typer

from cosictl.cli.options import Shared
from cosictl.cli.types import KINDS, Resource, parse_resource
from cosictl.errors import CosictlError

# How long a person waits for names while typing.
NAMES_TIMEOUT_SECONDS = 1.0


def complete_topics(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer what ``explain`` knows: terms and verbs, and after a verb the verbs below it."""
    from cosictl.cli.verbs import VERBS
    from cosictl.knowledge.lookup import all_terms

    before = ctx.params.get("words")
    if before:
        verb = VERBS.get(before[-1])
        return _starting(verb.below if verb is not None else (), incomplete)
    return _starting((*all_terms(), *VERBS), incomplete)


def complete_findings(incomplete: str) -> list[str]:
    """Offer the codes of findings."""
    from cosictl.knowledge.catalogue import CATALOGUE

    return _starting(CATALOGUE, incomplete)


def complete_policies(incomplete: str) -> list[str]:
    """Offer the sidecar policies."""
    from cosictl.knowledge.policies import POLICIES

    return _starting(POLICIES, incomplete)


def complete_scenarios(incomplete: str) -> list[str]:
    """Offer the sandbox's stories."""
    from cosictl.sandbox.scenarios import SCENARIOS

    return _starting(SCENARIOS, incomplete)


def complete_methods(incomplete: str) -> list[str]:
    """Offer the calls of a driver."""
    from cosictl.knowledge.risks import CALL_RISKS

    return _starting(CALL_RISKS, incomplete)


def complete_targets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer ``TYPE/`` first, then the names of that type in the cluster."""
    word, slash, name = incomplete.partition("/")
    if not slash:
        return _starting([f"{resource.singular}/" for resource in Resource], incomplete)
    return [f"{word}/{found}" for found in _names(ctx, word) if found.startswith(name)]


def complete_report(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the verbs below ``report`` and what it can be about."""
    from cosictl.cli.verbs import VERBS

    return [*_starting(VERBS["report"].below, incomplete), *complete_targets(ctx, incomplete)]


def complete_outlooks(incomplete: str) -> list[str]:
    """Offer outlooks, after a comma too."""
    from cosictl.model.report import Outlook

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{word}" for word in _starting(Outlook, last)]


def complete_goals(incomplete: str) -> list[str]:
    """Offer what can be waited for."""
    from cosictl.model.waiting import Goal

    return _starting(Goal, incomplete)


def complete_uses(incomplete: str) -> list[str]:
    """Offer what rights are for."""
    from cosictl.model.rights import Use

    return _starting(Use, incomplete)


def complete_resources(incomplete: str) -> list[str]:
    """Offer the types that ``get`` knows."""
    return _starting(Resource, incomplete)


def complete_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the names of the type that stands before."""
    word = ctx.params.get("resource")
    return _starting(_names(ctx, word), incomplete) if isinstance(word, str) else []


def _starting(words: Iterable[str], incomplete: str) -> list[str]:
    return [str(word) for word in words if word.startswith(incomplete)]


def _names(ctx: typer.Context, word: str) -> list[str]:
    """Ask the cluster for names; silent where it does not answer at once, or a dump is being read."""
    if ctx.params.get("dumps"):
        return []
    from cosictl.cli.live import cluster_names
    from cosictl.model.refs import RESOURCES

    try:
        return cluster_names(Shared.of(ctx), RESOURCES[KINDS[parse_resource(word)]], timeout=NAMES_TIMEOUT_SECONDS)
    except (CosictlError, KeyError):
        return []
