"""Every word that ``explain`` knows, and what it says about those it does not."""

import pytest

from cosictl.knowledge.backend_codes import BACKEND_CODES
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.finalizers import FINALIZERS
from cosictl.knowledge.grpc_codes import GRPC_CODES
from cosictl.knowledge.lookup import Page, all_terms, lookup, suggestions
from cosictl.knowledge.policies import POLICIES
from cosictl.knowledge.vocabulary import CAUSES, FIXERS, FLAGS, OUTLOOKS
from cosictl.model.failures import Cause, FixBy, GrpcCode
from cosictl.model.report import Flag, Outlook


def page_of(term: str) -> Page:
    page = lookup(term)
    assert page is not None, term
    return page


@pytest.mark.parametrize(
    ("term", "title"),
    [
        ("COSI104", "COSI104 (C04)"),
        ("cosi104", "COSI104 (C04)"),
        ("c04", "COSI104 (C04)"),
        ("C04", "COSI104 (C04)"),
        ("A09b", "COSI419 (A09b)"),
        ("InvalidArgument", "InvalidArgument (gRPC code 3)"),
        ("INVALID_ARGUMENT", "InvalidArgument (gRPC code 3)"),
        ("invalid-argument", "InvalidArgument (gRPC code 3)"),
        ("3", "InvalidArgument (gRPC code 3)"),
        ("code = 16", "Unauthenticated (gRPC code 16)"),
        ("cancelled", "Canceled (gRPC code 1)"),
        ("v0.2.2", "v0.2.2:"),
        ("v0.2.0", "v0.2.1:"),
        ("image-60", "image-60:"),
        ("bucketclaim-protection", "Finalizer cosi.objectstorage.k8s.io/bucketclaim-protection on BucketClaim"),
        ("cosi.objectstorage.k8s.io/bucket-protection", "Finalizer cosi.objectstorage.k8s.io/bucket-protection on"),
        ("bucketclaim-being-deleted", "Annotation objectstorage.k8.io/bucketclaim-being-deleted"),
        ("looping", "looping (outlook)"),
        ("stale-error", "stale-error (flag)"),
        ("internal-masked", "internal-masked (cause)"),
        ("claim-owner", "claim-owner (who fixes it)"),
        ("registry.k8s.io/sig-storage/objectstorage-sidecar:v0.2.2", "Image registry.k8s.io"),
    ],
)
def test_a_term_finds_its_page(term: str, title: str) -> None:
    assert page_of(term).title.startswith(title)


def test_a_finalizer_of_several_kinds_shows_all_of_them() -> None:
    page = page_of("objectstorage.k8s.io/protection")
    for kind in ("Bucket", "BucketClaim", "BucketAccess", "Secret"):
        assert f"on {kind} (v1alpha2)" in page.title


def test_a_word_with_several_meanings_shows_all_of_them_the_exact_one_first() -> None:
    assert page_of("Unknown").title.startswith("Unknown (gRPC code 2)")
    lower = page_of("unknown").title
    assert not lower.startswith("Unknown (gRPC")
    for role in ("outlook", "cause", "who fixes it", "gRPC code 2"):
        assert role in lower


@pytest.mark.parametrize("term", ["", "  ", "///", "no such word", "COSI999", "17", "\x1b[31m", "x" * 100_000])
def test_nonsense_has_no_page(term: str) -> None:
    assert lookup(term) is None


def test_every_term_has_a_page_with_text() -> None:
    for term in all_terms():
        page = page_of(term)
        assert page.title
        assert page.sections
        assert all(heading and text for heading, text in page.sections), term


def test_every_row_of_every_table_is_a_term() -> None:
    terms = set(all_terms())
    assert set(CATALOGUE) <= terms
    assert {code.value for code in GrpcCode} <= terms
    assert set(POLICIES) <= terms
    assert {name for name, _ in FINALIZERS} <= terms
    assert {row.code for row in BACKEND_CODES.values()} <= terms
    assert {*OUTLOOKS, *FLAGS, *CAUSES, *FIXERS} <= terms
    assert len(terms) == len(all_terms())


def test_the_vocabulary_is_complete() -> None:
    assert set(OUTLOOKS) == set(Outlook)
    assert set(FLAGS) == set(Flag)
    assert set(CAUSES) == set(Cause)
    assert set(FIXERS) == set(FixBy)
    assert [row.number for row in GRPC_CODES.values()] == list(range(17))


def test_a_finding_page_answers_the_questions_in_order() -> None:
    headings = [heading for heading, _ in page_of("COSI201").sections]
    assert headings[:4] == ["What you see", "Will waiting help?", "Outlook", "Why"]
    assert headings.index("What to do, best first") < headings.index("What could be lost") < headings.index("Commands")
    commands = dict(page_of("COSI201").sections)["Commands"]
    assert "cosictl repair claim/" in commands
    assert "{" not in commands.replace('{"', "")


def test_a_grpc_page_tells_the_releases_apart() -> None:
    create = dict(page_of("AlreadyExists").sections)
    text = next(value for heading, value in create.items() if heading.endswith("DriverCreateBucket"))
    assert "silent-retry: image-60, v0.2.1, v0.2.2" in text
    assert "stops: main-2026-03, later-main" in text


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("InvalidArgumet", "InvalidArgument"), ("COSI1044", "COSI104"), ("loopng", "looping"), ("v0.2.3", "v0.2.2")],
)
def test_a_typo_gets_a_suggestion(typo: str, meant: str) -> None:
    assert meant in suggestions(typo)


def test_suggestions_are_few_and_none_for_nonsense() -> None:
    assert len(suggestions("bucket")) <= 5
    assert suggestions("") == ()
    assert suggestions("zzzzqqqqxxxx") == ()
    assert suggestions("x" * 100_000) == ()
