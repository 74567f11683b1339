"""The report as one page of HTML that needs nothing else: no network, no script, no font, no picture file."""

import base64
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from typing import Final, TextIO

from cosictl.knowledge.vocabulary import OUTLOOKS
from cosictl.model.account import Account
from cosictl.model.report import Outlook, Report
from cosictl.render.ages import stamp
from cosictl.render.report.element import Markup, each, link, style, tag
from cosictl.render.report.page_chains import chain_pictures
from cosictl.render.report.page_findings import findings, overview, planned
from cosictl.render.report.page_tables import code_pages, objects, unread, what_if
from cosictl.render.report.page_timeline import timeline
from cosictl.render.report.parts import groups_of, outlook_counts, scope_words, verdict_words
from cosictl.render.report.pieces import badge, facts, note, section

SECTIONS: Final = (
    ("summary", "Summary"),
    ("findings", "Findings"),
    ("chains", "Chains"),
    ("timeline", "Timeline"),
    ("what-if", "What if"),
    ("objects", "Objects"),
    ("unread", "Not read"),
    ("pages", "About the codes"),
    ("words", "Words"),
)
TITLES: Final = dict(SECTIONS)


def write_page(told: Account, stream: TextIO) -> None:
    """Write the page of an account, in UTF-8 whatever the stream says: what is not ASCII is a reference."""
    page = f"<!DOCTYPE html>\n{_page(told)}\n"
    stream.write(page.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _page(told: Account) -> Markup:
    sheet = files("cosictl.render.report").joinpath("page.css").read_text(encoding="ascii")
    return tag("html", _head(told.report, sheet), _body(told), lang="en")


def _head(report: Report, sheet: str) -> Markup:
    digest = base64.b64encode(hashlib.sha256(sheet.encode("ascii")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"COSI: {verdict_words(report)} ({stamp(report.taken_at)})"),
        style(sheet),
    )


def _body(told: Account) -> Markup:
    return tag(
        "body",
        link("main", "Skip to the report", class_="skip"),
        tag("div", _navigation(), tag("main", *_sections(told), id="main", tabindex="-1"), class_="frame"),
        tag(
            "footer",
            note(
                "Written by cosictl from what the cluster recorded. Credentials are masked, names are not. Whatever "
                "an object says stands here as text."
            ),
        ),
    )


def _navigation() -> Markup:
    items = [tag("li", link(anchor, title)) for anchor, title in SECTIONS]
    return tag("nav", tag("ul", *items), aria_label="Sections")


def _sections(told: Account) -> Iterator[Markup]:
    report = told.report
    plan = planned(groups_of(report))
    yield _header(report)
    yield section("summary", TITLES["summary"], _counts(report), overview(plan, report))
    yield section("findings", TITLES["findings"], findings(plan, told) or tag("p", "There are none."))
    yield section("chains", "Claim, Bucket, access", chain_pictures(told))
    yield section("timeline", "Attempts over time", timeline(told))
    yield section("what-if", "What another sidecar would do", what_if(told))
    yield section("objects", TITLES["objects"], objects(told))
    yield section("unread", "What could not be read", unread(told))
    yield section("pages", TITLES["pages"], code_pages(told) or tag("p", "No code occurs."))
    yield section("words", TITLES["words"], facts((badge(word), meaning) for word, meaning in OUTLOOKS.items()))


def _header(report: Report) -> Markup:
    scope = [("As of", f"{stamp(report.taken_at)} ({report.basis})"), *scope_words(report)]
    return tag(
        "header",
        tag("p", "Object storage in Kubernetes (COSI)", class_="over"),
        tag("h1", verdict_words(report)),
        facts(scope),
    )


def _counts(report: Report) -> Markup:
    counts = outlook_counts(report.objects)
    if not counts:
        return tag("p", "No claims, Buckets or accesses were found.")
    total = len(report.objects)
    spoken = ", ".join(f"{count} {outlook.value}" for outlook, count in counts)
    items = [tag("li", tag("span", f"{count}", class_="count"), " ", badge(outlook)) for outlook, count in counts]
    return each((_bar(counts, total, spoken), tag("ul", *items, class_="counts")))


def _bar(counts: list[tuple[Outlook, int]], total: int, spoken: str) -> Markup:
    """Return all objects as one bar, each outlook as long as it is frequent; the numbers stand below."""
    parts: list[Markup] = []
    left = 0.0
    for outlook, count in counts:
        wide = 100 * count / total
        parts.append(
            tag(
                "rect",
                tag("title", f"{count} {outlook.value}"),
                x=f"{left:.3f}%",
                y=0,
                width=f"{wide:.3f}%",
                height=12,
                class_=outlook.value,
            )
        )
        left += wide
    return tag(
        "svg",
        tag("title", spoken, id="bar-words"),
        *parts,
        width="100%",
        height=12,
        role="img",
        aria_labelledby="bar-words",
        class_="bar",
    )
