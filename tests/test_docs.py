"""The pages that ship are made from the program, up to date, and the same that ``explain`` prints."""

import json
import re
import subprocess
from typing import Final

import pytest
from markdown_it import MarkdownIt

from cosictl.cli.exits import MEANINGS
from cosictl.errors import DRIVER_CODES, Exit
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.pages import entry_page, related
from cosictl.knowledge.policies import POLICIES
from cosictl.model.report import Outlook
from tests.cli_process import ROOT, cosictl
from tests.docs import FOLDERS, NOTE, files, release_date
from tests.test_project import MARKDOWN, as_id

GOLDEN: Final = sorted((ROOT / "tests" / "golden").glob("*/diagnosis.json"))


@pytest.fixture(name="made", scope="module")
def _made() -> dict[str, str]:
    return files()


def test_the_pages_are_up_to_date(made: dict[str, str]) -> None:
    old = [place for place, text in made.items() if not (ROOT / place).exists() or (ROOT / place).read_text() != text]
    assert old == [], "these pages are not what the program says: run make docs, and commit what it wrote"


def test_no_other_page_is_among_them(made: dict[str, str]) -> None:
    there = {path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).iterdir()}
    assert there - set(made) == set(), "these pages are of nothing that there is: run make docs, which removes them"


def test_there_is_a_page_for_every_topic(made: dict[str, str]) -> None:
    assert {f"docs/findings/{code}.md" for code in CATALOGUE} <= set(made)
    assert {f"docs/policies/{name}.md" for name in POLICIES} <= set(made)
    assert {"docs/commands.md", "docs/commands/diagnose.md", "docs/commands/probe-driver-reproduce.md"} <= set(made)
    assert {"man/cosictl.1", "man/cosictl-diagnose.1", "man/cosictl-probe-driver-info.1"} <= set(made)


def test_the_links_of_every_page_are_tested(made: dict[str, str]) -> None:
    assert {place for place in made if place.endswith(".md")} <= {as_id(path) for path in MARKDOWN}


def test_a_code_host_finds_no_markup_but_ours(made: dict[str, str]) -> None:
    parser = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    ours = {"heading", "paragraph", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td", "inline"}
    ours |= {"fence", "html_block", "text", "text_special", "link", "code_inline", "em", "strong", "softbreak"}
    for place, text in made.items():
        if place.endswith(".md"):
            tokens = parser.parse(text)
            pieces = [*tokens, *(child for token in tokens for child in token.children or ())]
            assert {re.sub("_(open|close)$", "", piece.type) for piece in pieces} <= ours, place
            assert [piece.content for piece in pieces if piece.type == "html_block"] == [f"<!-- {NOTE} -->\n"], place


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("COSI104",), "docs/findings/COSI104.md"),
        (("v0.2.2",), "docs/policies/v0.2.2.md"),
        (("probe-driver", "reproduce"), "docs/commands/probe-driver-reproduce.md"),
        (("cosictl",), "docs/commands.md"),
    ],
    ids=str,
)
def test_a_page_is_what_explain_prints(words: tuple[str, ...], place: str) -> None:
    page = json.loads(cosictl("explain", *words, "-o", "json").stdout)
    text = (ROOT / place).read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [section["heading"] for section in page["sections"]]
    for section in page["sections"]:
        # Letters and digits alone are the same in both, links and marks aside.
        for word in re.findall(r"[A-Za-z]{4,}", section["text"]):
            assert word in text


def test_make_renews_them() -> None:
    planned = subprocess.run(["make", "--dry-run", "docs"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "-m tests.docs" in planned


def test_a_finding_leads_to_what_its_rows_name() -> None:
    assert related(CATALOGUE["COSI104"])[:4] == ("COSI106", "COSI115", "COSI118", "COSI312")
    # Cited by commit, and by a later version.
    assert "main-2026-03" in related(CATALOGUE["COSI104"])
    assert "later-main" in related(CATALOGUE["COSI316"])
    page = (ROOT / "docs" / "findings" / "COSI104.md").read_text()
    assert "[COSI106](COSI106.md)" in page
    assert "[v0.2.2](../policies/v0.2.2.md)" in page
    assert "[cosictl cleanup](../commands/cleanup.md)" in page


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_the_outlook_of_a_finding_is_on_its_page(path: str) -> None:
    for finding in json.loads((ROOT / path).read_text())["findings"]:
        # A record that is too old makes any of them unknown.
        known = {*CATALOGUE[finding["code"]].outlooks, Outlook.UNKNOWN}
        assert finding["outlook"] in known, f"add it to the outlooks of {finding['code']} in the catalogue"


def test_a_page_of_a_finding_is_plain_lines() -> None:
    """Whoever shows one (a report does) needs to know of nothing but lines."""
    assert [code for code, entry in CATALOGUE.items() for _, text in entry_page(entry).sections if "\t" in text] == []


def test_the_commands_of_a_finding_have_pages(made: dict[str, str]) -> None:
    named = [line for text in made.values() for line in re.findall(r"The commands in full: (.+)", text)]
    assert len(named) > 40
    assert [line for line in named if not all(part.startswith("[cosictl ") for part in line.split(", "))] == []


def test_every_finding_that_is_raised_has_an_outlook() -> None:
    raised = {finding["code"] for path in GOLDEN for finding in json.loads(path.read_text())["findings"]}
    assert len(raised) > 60
    assert [code for code in sorted(raised) if not CATALOGUE[code].outlooks] == []
    assert "Outlook" in dict(entry_page(CATALOGUE["COSI104"]).sections)
    assert "Outlook" not in dict(entry_page(CATALOGUE["COSI309"]).sections)


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == {*Exit, DRIVER_CODES}
    assert "64+N a driver answered gRPC code N, 124 timed out" in " ".join(cosictl("--help").stdout.split())


@pytest.mark.parametrize(
    ("heading", "date"),
    [
        ("## 0.1.0 - 2027-02-03", "2027-02-03"),
        ("## [0.1.0] - 2027-02-03", "2027-02-03"),
        ("## 0.1.0 - unreleased", ""),
        ("## 0.1.01 - 2027-02-03", ""),
        ("## 0x1.0 - 2027-02-03", ""),
    ],
)
def test_the_date_is_the_one_of_the_changelog(heading: str, date: str) -> None:
    assert release_date(f"# Changelog\n\n## [Unreleased]\n\n{heading}\n", "0.1.0") == date
