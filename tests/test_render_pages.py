"""A page as text, Markdown and roff: one text, three renderings, and no character of it is lost or obeyed."""

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cosictl.knowledge.blocks import Kind, blocks, row
from cosictl.knowledge.pages import Page
from cosictl.render.console import make_out
from cosictl.render.pages.markdown import code, markdown, prose, table
from cosictl.render.pages.roff import roff
from cosictl.render.pages.spans import Role, spans
from cosictl.render.pages.text import print_page
from cosictl.render.safe import escape
from tests.cli_process import ROOT, environment
from tests.test_render_safe import TEXT

MANUALS: Final = sorted((ROOT / "man").glob("*.1"))
LINKS: Final = {"COSI104": "COSI104.md", "COSI1041": "x.md", "v0.2.2": "../policies/v0.2.2.md", "cosictl": "../c.md"}
PARSER: Final = MarkdownIt("gfm-like", {"linkify": False})
# Everything that Markdown or roff could take for its own.
ODD: Final = st.text(st.sampled_from("a1 .*_`'\"\\-+#>=<[]()~|&;!$^:é…") | st.characters(codec="utf-8"), max_size=30)
HOSTILE: Final = (
    ".so /etc/passwd",
    "'tl escaped",
    r"a \fBbold\fR \*[x] \n(.x \e back\slash",
    "--apply 'it''s' `date` ^caret ~tilde \"quoted\"",
    "…ein Häuschen — 東京",
)


def text_of(source: str) -> str:
    """What a reader sees of one line of Markdown."""
    tokens = PARSER.parse(source)
    assert [token.type for token in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"]), source
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "code_inline", "link_open", "link_close", "text_special"}
    return "".join(child.content for child in children)


@given(TEXT | ODD)
def test_a_line_reads_in_markdown_as_it_is_written(line: str) -> None:
    line = escape(line).strip()
    assert text_of(prose(line, LINKS)) == line


@pytest.mark.parametrize(
    "line", ["# no heading", "- no list", "+ no", "1. no", "12) no", "> no", "&amp; &#65;", "===", "---", "    x"]
)
def test_no_line_becomes_something_else(line: str) -> None:
    assert text_of(prose(line.strip(), LINKS)) == line.strip()


@pytest.mark.parametrize("text", ["a", "`", "a`b", "``", "--color <auto|always>"])
def test_code_is_code(text: str) -> None:
    inline = PARSER.parseInline(code(text))[0].children
    assert [(child.type, child.content) for child in inline or ()] == [("code_inline", text)]


def test_a_name_leads_to_its_page_once_and_only_as_a_whole() -> None:
    assert prose("COSI104, then COSI104; not COSI1042, xCOSI104 or COSI104-x", LINKS) == (
        "[COSI104](COSI104.md), then COSI104; not COSI1042, xCOSI104 or COSI104-x"
    )
    assert prose("see COSI1041.", LINKS) == "see [COSI1041](x.md)."
    assert prose("v0.2.2 bucket.go, not v0.2.2.1", LINKS) == "[v0.2.2](../policies/v0.2.2.md) bucket.go, not v0.2.2.1"
    assert prose("cosictl says", LINKS) == "cosictl says"


def test_options_are_told_from_dashes() -> None:
    found = [span.text for span in spans("with -o json, (--apply) or -; re-read <driver>-cosi a-b -x", ())]
    assert found == ["with ", "-o", " json, (", "--apply", ") or -; re-read <driver>-cosi a-b ", "-x"]
    assert prose("with -o json", {}) == "with `-o` json"


@given(TEXT, st.sets(TEXT.filter(bool), max_size=4))
def test_no_piece_of_a_line_is_lost(line: str, names: set[str]) -> None:
    pieces = list(spans(line, names))
    assert "".join(piece.text for piece in pieces) == line
    assert all(piece.text in names for piece in pieces if piece.role is Role.NAME)


def test_a_table_keeps_its_columns() -> None:
    written = table(("a", "b"), [("x|y", "--to <z>"), ("", "COSI104")], LINKS)
    assert written.splitlines()[2:] == ["| x\\|y | `--to` &lt;z> |", "|  | [COSI104](COSI104.md) |"]


def test_a_text_is_taken_apart_by_its_lines() -> None:
    text = f"one\n\ntwo\nthree\n# why\ncosictl get\n  | grep x\n{row('--all', 'cosictl')}\nfour"
    found = [(block.kind, len(block.lines)) for block in blocks(text)]
    kinds = [Kind.PROSE, Kind.LIST, Kind.AS_IS, Kind.ROWS, Kind.PROSE]
    assert found == list(zip(kinds, [1, 2, 3, 1, 1], strict=True))
    assert next(block for block in blocks(text) if block.kind is Kind.ROWS).rows == (("--all", "cosictl"),)


PAGE: Final = Page(
    title="cosictl try: Try it.",
    sections=(
        ("Usage", "cosictl try [OPTIONS]"),
        ("What it does", "First COSI104.\n\nSecond."),
        ("Options", f"{row('-x, --extra NAME', 'Long ' + 'word ' * 20)}\n{row('--' + 'y' * 40, 'Short.')}"),
        ("Notes", "one\ntwo"),
        ("See also", row("cosictl get", "List.")),
    ),
)


def test_a_page_as_markdown() -> None:
    assert markdown(PAGE, LINKS, note="made").startswith(
        "<!-- made -->\n\n# cosictl try: Try it\n\n## Usage\n\n```sh\n"
    )
    written = markdown(PAGE, {**LINKS, "cosictl get": "get.md"})
    assert "\n\nFirst [COSI104](COSI104.md).\n\nSecond.\n\n" in written
    assert "\n- `-x, --extra NAME`: Long word" in written
    assert "\n\n- one\n- two\n\n" in written
    assert written.endswith("\n- [cosictl get](get.md): List.\n")


def test_a_page_on_a_terminal_has_columns() -> None:
    stream = io.StringIO()
    print_page(PAGE, make_out(stream, width=60))
    lines = stream.getvalue().splitlines()
    assert lines[5:9] == ["What it does", "  First COSI104.", "", "  Second."]
    start = lines.index("Options")
    assert lines[start + 1].startswith("  -x, --extra NAME              Long word")
    assert lines[start + 2].startswith(" " * 32 + "word")
    assert f"  --{'y' * 40}" in lines
    assert max(map(len, lines)) <= 60


def written_roff(page: Page) -> str:
    names = {"cosictl get": "cosictl-get"}
    return roff(page, names, release="cosictl 1.2", date="2027-02-03", note="made")


def test_a_page_as_a_manual() -> None:
    lines = written_roff(PAGE).splitlines()
    assert lines[:2] == [
        r".\" made",
        '.TH COSICTL\\-TRY 1 "2027\\-02\\-03" "cosictl 1.2" "Manual of cosictl"',
    ]
    assert r"cosictl\-try \- Try it" in lines
    assert [line.removeprefix(".SH ") for line in lines if line.startswith(".SH ")] == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "NOTES", "SEE ALSO"),
    ]
    assert r"\fB\-x\fR, \fB\-\-extra\fR \fINAME\fR" in lines
    assert r"\fBcosictl\-get\fR(1)" in lines


def test_every_character_that_a_formatter_changes_is_spelled() -> None:
    written = written_roff(Page(title="t: t", sections=(("What it does", 'it\'s `a` ^b ~c "d" e\\f g-h é'),)))
    assert r"it\(aqs \(gaa\(ga \(hab \(tic \(dqd\(dq e\ef g\-h \[u00E9]" in written.splitlines()


@given(st.builds(Page, title=TEXT, sections=st.lists(st.tuples(TEXT, TEXT | ODD), max_size=3).map(tuple)))
@example(Page(title=".", sections=()))
def test_no_text_becomes_a_request(page: Page) -> None:
    written = written_roff(page)
    assert written.isascii()
    requests = {line.split()[0] for line in written.splitlines() if line.startswith((".", "'"))}
    assert requests <= {'.\\"', ".TH", ".SH", ".nh", ".ad", ".PP", ".IP", ".TP", ".RS", ".RE", ".nf", ".fi"}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed here")
    env = environment({"LC_ALL": "C.UTF-8", "MANWIDTH": "120", "MANOPT": "", "MAN_KEEP_FORMATTING": ""})
    return subprocess.run(words, capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize(
    "words",
    [("man", "--warnings", "-E", "UTF-8", "-l"), ("mandoc", "-T", "utf8", "-O", "width=120")],
    ids=lambda w: w[0],
)
def test_hostile_text_is_shown_as_it_is(words: tuple[str, ...], tmp_path: Path) -> None:
    sections = (("What it does", "\n\n".join(HOSTILE)), ("Examples", "\n".join(f"# {line}" for line in HOSTILE)))
    path = tmp_path / "try.1"
    path.write_text(written_roff(Page(title="cosictl try: Try it.", sections=sections)))
    done = run(*words, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    # Overstriking is how bold looks in a pipe.
    plain = [line.strip() for line in re.sub(r".\x08", "", done.stdout).splitlines()]
    shown = "\n".join(plain)
    for line in HOSTILE:
        assert f"# {line}" in plain
        assert shown.count(line[:6]) >= 2


def test_groff_has_nothing_to_say_about_the_manuals() -> None:
    done = run("groff", "-man", "-ww", "-z", *map(str, MANUALS))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_mandoc_has_nothing_to_say_about_the_manuals() -> None:
    done = run("mandoc", "-T", "lint", "-W", "warning", *map(str, MANUALS))
    # Before its release a version has no date.
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []


@pytest.mark.parametrize("name", ["cosictl", "cosictl-diagnose", "cosictl-probe-driver-call"])
def test_man_shows_a_manual(name: str) -> None:
    done = run("man", "--warnings", "-E", "UTF-8", "-l", str(ROOT / "man" / f"{name}.1"))
    assert (done.returncode, done.stderr) == (0, "")
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "EXIT STATUS", "SEE ALSO"):
        assert f"\n{heading}\n" in f"\n{done.stdout}"
    # A hyphen that a shell knows.
    assert "--kubeconfig FILE" in done.stdout
