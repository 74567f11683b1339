"""The report as Markdown: what a ticket needs, and nothing that words of a cluster could turn into more."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cosictl.model.failures import FixBy
from cosictl.model.refs import Ref
from cosictl.model.report import Evidence, Finding, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus
from cosictl.render.report.markdown import write_markdown
from cosictl.render.report.marked import block, code, plain, table
from tests.account_of import HOSTILE, of_dump, of_report, written
from tests.bench.cluster import write_dump
from tests.cli_process import V1, V2
from tests.test_render_hostile import REPORTS
from tests.test_render_safe import TEXT, harmful

READER: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ANY: Final = st.lists(st.one_of(st.sampled_from(HOSTILE), TEXT), max_size=4).map(" ".join)
# What forges make of running text by themselves: addresses, people, issues, changes, pictures.
REFERENCES: Final = re.compile(r"://|www\.|@|#\d|(?<!\w)[!$]\d|GH-\d|:[\w+-]+:", re.IGNORECASE)
# What running text may consist of; all else is markup.
HARMLESS: Final = frozenset({"text", "code_inline", "strong_open", "strong_close"})


def inline(tokens: list[Token]) -> Iterator[Token]:
    """Every piece of running text and markup in it."""
    for token in tokens:
        yield from token.children or ()


def markup_in(text: str) -> list[str]:
    """What a reader of Markdown finds in a text besides words, and what a forge would make of the words."""
    tokens = READER.parse(text)
    found = [token.type for token in inline(tokens) if token.type not in HARMLESS]
    found += [token.content for token in inline(tokens) if token.type == "text" and REFERENCES.search(token.content)]
    return found + [token.type for token in tokens if token.type == "html_block"]


@given(ANY)
def test_running_words_are_words(words: str) -> None:
    tokens = READER.parse(f"- **Why** {plain(words)}")
    assert [token.type for token in tokens if token.nesting >= 0] == [
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
    ]
    assert markup_in(f"- **Why** {plain(words)}") == []
    assert harmful(plain(words)) == []


@given(ANY)
def test_a_code_span_is_one_span(words: str) -> None:
    kinds = [token.type for token in inline(READER.parse(f"a {code(words)} b"))]
    assert kinds in (["text", "code_inline", "text"], ["text"])


@given(st.lists(ANY, min_size=1, max_size=3))
def test_a_block_of_commands_is_one_block_and_holds_them_whole(commands: list[str]) -> None:
    (token,) = READER.parse(block(commands))
    assert token.type == "fence"
    assert len(token.content.splitlines()) == len(commands)
    assert harmful(token.content, but="\n") == []


@given(st.lists(st.tuples(ANY, ANY), max_size=3))
def test_a_table_has_the_rows_and_cells_it_was_given(rows: list[tuple[str, str]]) -> None:
    tokens = READER.parse(table(("A", "B>"), [(plain(left) or "-", code(right)) for left, right in rows]))
    assert sum(token.type == "tr_open" for token in tokens) == 1 + len(rows)
    cells = [after.content for token, after in pairwise(tokens) if token.type == "td_open"]
    # A reader drops cells for which there is no head: those that are left must be whole.
    assert cells == [cell for left, right in rows for cell in (plain(left) or "-", code(right))]


@given(REPORTS)
def test_no_report_holds_markup_of_a_cluster(report: Report) -> None:
    text = written(write_markdown, of_report(report))
    assert harmful(text, but="\n") == []
    assert markup_in(text) == []


def hostile_report(words: str) -> Report:
    """A report whose every foreign text is the same."""
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    finding = Finding(
        code="COSI104",
        title=words,
        root=Ref("Bucket", "", words),
        outlook=Outlook.LOOPING,
        fix_by=FixBy.ADMIN,
        symptoms=(Ref("BucketClaim", words, words),),
        evidence=(Evidence(text=words, source=words, quoted=True), Evidence(text=words, source=words)),
        explanation=words,
        remedy=words,
        commands=(words,),
        risk=words,
    )
    return Report(
        taken_at=now,
        basis="the dump's own time",
        source=words,
        policies=(),
        objects=(),
        findings=(finding,),
        unread=(ReadStatus(resource=words, outcome=ReadOutcome.FORBIDDEN, reason=words),),
        drivers=(words,),
    )


def shape(text: str) -> list[tuple[str, str]]:
    """The blocks of a text, without the words in them."""
    return [(token.type, token.tag) for token in READER.parse(text)]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_do_not_change_the_shape(words: str) -> None:
    told = written(write_markdown, of_report(hostile_report(words)))
    assert shape(told) == shape(written(write_markdown, of_report(hostile_report("word"))))
    assert markup_in(told) == []


@pytest.mark.parametrize("path", [V1, V2])
def test_a_ticket_answers_the_questions_of_somebody_on_call(path: str) -> None:
    told = of_dump(Path(path))
    text = written(write_markdown, told)
    for finding in told.report.findings:
        assert finding.code in text
    for words in ("Will waiting help?", "Who fixes", "What helps", "What could be lost", "## Not read"):
        assert words in text
    fences = [token for token in READER.parse(text) if token.type == "fence"]
    assert fences
    typed = {line for token in fences for line in token.content.splitlines()}
    assert typed <= {command for finding in told.report.findings for command in finding.commands}


def test_a_large_cluster_gives_a_short_ticket_that_says_what_it_leaves_out(tmp_path: Path) -> None:
    write_dump(tmp_path, 1000)
    text = written(write_markdown, of_dump(tmp_path))
    # Forges refuse a text of more than 65,536 characters.
    assert len(text) < 50_000
    assert "and 17 more: `cosictl diagnose --finding COSI104 --all`" in text
    assert re.search(r"and \d+ more objects: `cosictl get", text)


def test_nothing_wrong_is_said_in_a_few_lines() -> None:
    report = Report(
        taken_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        basis="the dump's own time",
        source="empty",
        policies=(),
        objects=(),
        findings=(),
        unread=(),
    )
    text = written(write_markdown, of_report(report))
    assert text.startswith("# Object storage (COSI): no claims, Buckets or accesses were found\n")
    assert "No findings." in text
    assert len(text.splitlines()) < 15
