"""The report as a page: it needs nothing else, leads to every finding, and words of a cluster are only words in it."""

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosictl.model.account import Account, Chain
from cosictl.model.copying import replace
from cosictl.model.failures import Carrier, Failure
from cosictl.model.refs import Ref
from cosictl.model.report import Outlook, Report
from cosictl.render.report.element import Markup, each, link, style, tag
from cosictl.render.report.page import SECTIONS, write_page
from cosictl.render.report.page_timeline import Scale
from tests.account_of import HOSTILE, of_dump, of_report, written
from tests.bench.cluster import write_dump
from tests.cli_process import V1, V2
from tests.page_reader import Read, read_page
from tests.test_render_hostile import REFS, REPORTS, TIMES, some
from tests.test_render_safe import TEXT, harmful
from tests.test_report_markdown import hostile_report

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
FAILURES: Final = st.builds(
    Failure, carrier=st.sampled_from(Carrier), text=TEXT, reason=TEXT, first=TIMES, last=TIMES, count=st.integers(1, 99)
)
CHAINS: Final = st.builds(
    Chain,
    claim=st.none() | REFS,
    bucket=st.none() | REFS,
    accesses=some(REFS, 5),
    claim_named=TEXT,
    bucket_named=TEXT,
)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Any account: a report, records of its objects, chains of them and of others."""
    report = draw(REPORTS)
    records = {item.ref: draw(some(FAILURES, 3)) for item in report.objects}
    return of_report(report, records=records, chains=draw(some(CHAINS, 3)))


def page_of(told: Account) -> Read:
    return read_page(written(write_page, told))


def test_elements_are_escaped_by_construction() -> None:
    made = tag("p", "<b>", tag("b", '"&'), title='a"b', hidden=True, data_x=None, class_="c", x=1.5)
    assert made == '<p title="a&quot;b" hidden class="c" x="1.5">&lt;b&gt;<b>&quot;&amp;</b></p>'
    # Markup that was joined with text, or formatted into it, is text again.
    assert tag("i", f"{tag('b')}") == "<i>&lt;b&gt;&lt;/b&gt;</i>"
    assert isinstance(each((Markup("<b>"), "<b>")), Markup)


@pytest.mark.parametrize("name", ["script", "iframe", "img", "object", "link", "base", "form"])
def test_elements_that_load_or_run_cannot_be_made(name: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        tag(name)


@pytest.mark.parametrize("attributes", [{"href": "https://x"}, {"src": "x"}, {"onclick": "x"}, {"style": "x"}], ids=str)
def test_attributes_that_lead_away_or_run_cannot_be_made(attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"page|scripts"):
        tag("a", **attributes)


def test_a_link_leads_to_this_page_and_a_style_sheet_cannot_end() -> None:
    assert link("x", "y") == '<a href="#x">y</a>'
    with pytest.raises(ValueError, match="style"):
        style("</style>")


@pytest.mark.parametrize("path", [V1, V2])
def test_the_page_needs_nothing_else(path: str) -> None:
    text = written(write_page, of_dump(Path(path)))
    page = read_page(text.removeprefix("<!DOCTYPE html>"))
    assert text.isascii()
    for element in page.elements:
        for name in ("href", "src"):
            assert element[name][:1] in {"", "#"}
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"]
    assert page.named("script") == []
    (sheet,) = page.named("style")
    assert not re.search(r"url\(|@import|https?:", sheet.words)
    digest = base64.b64encode(hashlib.sha256(sheet.words.encode()).digest()).decode()
    (policy,) = [element["content"] for element in page.named("meta") if element["http-equiv"]]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("path", [V1, V2])
def test_every_finding_is_told_linked_and_explained(path: str) -> None:
    told = of_dump(Path(path))
    page = page_of(told)
    shown = [element for element in page.elements if element["data-finding"]]
    assert [element["data-finding"] for element in shown] == [finding.code for finding in told.report.findings]
    links = {element["href"] for element in page.named("a")}
    assert {f"#{element['id']}" for element in shown} <= links
    assert {f"#{anchor}" for anchor, _ in SECTIONS} <= links
    assert links <= {f"#{anchor}" for anchor in page.ids}
    assert len(page.ids) == len(set(page.ids))
    assert {f"page-{finding.code}" for finding in told.report.findings} <= set(page.ids)


def test_a_finding_has_its_evidence_its_commands_and_what_could_be_lost() -> None:
    told = of_dump(Path(V1))
    page = page_of(told)
    by_anchor = {element["id"]: element for element in page.named("article")}
    for number, finding in enumerate(told.report.findings, 1):
        words = by_anchor[f"finding-{number}"].words
        assert finding.root.name in words
        assert [command for command in finding.commands if command not in words] == []
        assert [fact.text for fact in finding.evidence if fact.text not in words] == []
    sections = {element["id"]: element.words for element in page.named("section")}
    for finding in told.report.findings:
        said = sections[f"{finding.code}-{finding.outlook.value}"]
        assert finding.risk in said
        assert finding.remedy in said


def test_pictures_say_in_words_what_they_show_and_outlooks_are_words() -> None:
    page = page_of(of_dump(Path(V1)))
    pictures = page.named("svg")
    assert len(pictures) > 5
    titles = {element["id"]: element.words for element in page.named("title") if element["id"]}
    for picture in pictures:
        assert picture["role"] == "img"
        assert titles[picture["aria-labelledby"]]
    words = set(Outlook)
    assert {e.words for e in page.elements if e["class"].startswith("outlook ")} <= words
    assert "BucketClaim team-a/create-invalidargument: waiting, then Bucket" in " ".join(titles.values())


def test_what_is_recorded_and_what_is_estimated_look_different() -> None:
    page = page_of(of_dump(Path(V1)))
    dots = page.named("circle")
    due = [element for element in dots if element["class"] == "due"]
    assert due
    assert all(float(element["cx"].rstrip("%")) > 84 for element in due)
    assert all(float(element["cx"].rstrip("%")) <= 84 for element in dots if element not in due)
    assert all("estimated" in element.words for element in due)


@pytest.mark.parametrize("span", [timedelta(seconds=30), timedelta(hours=1), timedelta(days=400)], ids=str)
def test_the_scale_keeps_the_order_of_moments(span: timedelta) -> None:
    scale = Scale(start=NOW - span, now=NOW, end=NOW + timedelta(seconds=60))
    moments = [NOW - span + part * span / 20 for part in range(21)] + [NOW + timedelta(seconds=n) for n in (1, 30, 60)]
    places = [scale.at(moment) for moment in moments]
    assert places == sorted(set(places))
    assert places[0] >= 1
    assert places[20] == 84
    assert places[-1] <= 97
    assert list(scale.ticks())


def test_what_if_names_every_policy_and_every_answer() -> None:
    told = of_dump(Path(V1))
    words = {element["id"]: element.words for element in page_of(told).named("section")}["what-if"]
    for prospect in told.comparison.prospects:
        assert prospect.policy in words
    assert sum(len(one.refs) for one in told.what_ifs) == told.comparison.counted
    for one in told.what_ifs:
        assert one.answer.value in words


def test_a_large_cluster_gives_a_page_of_bounded_size_that_says_what_it_leaves_out(tmp_path: Path) -> None:
    write_dump(tmp_path, 5000)
    told = of_dump(tmp_path)
    text = written(write_page, told)
    assert len(text) < 1_500_000
    page = read_page(text)
    shown = [element for element in page.elements if element["data-finding"]]
    left = re.findall(r"(\d+) more objects? of this finding", text)
    assert len(shown) + sum(map(int, left)) == len(told.report.findings)
    assert re.search(r"\d+ more objects not listed", text)
    assert re.search(r"\d+ chains are ready and not drawn", text)
    assert re.search(r"\d+ more objects with records not drawn", text)


# Each is a whole page, taken apart.
@settings(max_examples=30)
@given(accounts())
def test_no_account_breaks_the_page(told: Account) -> None:
    text = written(write_page, told)
    assert harmful(text, but="\n") == []
    page = read_page(text)
    assert len(page.ids) == len(set(page.ids))
    assert {element["href"] for element in page.named("a")} <= {f"#{anchor}" for anchor in page.ids}


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_do_not_change_the_shape(words: str) -> None:
    def account_of(name: str) -> Account:
        report = hostile_report(name)
        ref = Ref("Bucket", "", name)
        return of_report(
            replace(report, objects=(replace(ITEM, ref=ref, driver=name, policy=name),)),
            records={ref: (Failure(carrier=Carrier.EVENT, text=name, reason=name, last=NOW),)},
            chains=(Chain(bucket=ref, claim_named=name),),
        )

    page = page_of(account_of(words))
    assert page.shape == page_of(account_of("word")).shape
    assert harmful(written(write_page, account_of(words)), but="\n") == []


ITEM: Final = replace(of_dump(Path(V1)).report.objects[0], outlook=Outlook.LOOPING, waits_on=None, flags=())


def test_an_empty_report_is_a_page_too() -> None:
    report = Report(
        taken_at=NOW, basis="--as-of", source="x", policies=(), objects=(), findings=(), unread=(), skipped_files=2
    )
    page = page_of(of_report(report))
    sections = {element["id"]: element.words for element in page.named("section")}
    assert [anchor for anchor, _ in SECTIONS if anchor not in sections] == []
    assert "2 files held no Kubernetes objects" in sections["unread"]
