"""The page of a command: made from the command itself, found by ``explain``, with examples that can be typed."""

import itertools
import re
import shlex
from collections.abc import Iterator
from typing import Final

import pytest

from cosictl.cli.app import run
from cosictl.cli.argv import respell
from cosictl.cli.manual import Node, command_names, command_page, every_command, find_command
from cosictl.cli.manual_rows import ABOUT
from cosictl.cli.types import parse_targets
from cosictl.knowledge.blocks import Kind, blocks
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.lookup import all_terms, lookup
from cosictl.knowledge.policies import POLICIES
from tests.cli_process import cosictl, one_line
from tests.test_cli_completion import offered

NODES: Final = {node.name: node for node in every_command()}
EXAMPLES: Final = [(name, typed) for name, about in ABOUT.items() for _, typed in about.examples]
# What a page has for each command, and what only for some.
ALWAYS: Final = ["Usage", "What it does", "What it reads and changes", "Exit codes", "Options of every command"]


def ours(typed: str) -> Iterator[list[str]]:
    """The words of our own commands in a command line, the program's name left out."""
    lexer = shlex.shlex(typed, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for is_pipe, group in itertools.groupby(lexer, key=lambda word: word == "|"):
        words = list(itertools.takewhile(lambda word: word != ">", group))
        if not is_pipe and words[:2] == ["kubectl", "cosi"]:
            yield words[2:]
        elif not is_pipe and words[0] == "cosictl":
            yield words[1:]


def split(words: list[str]) -> tuple[Node, list[str]]:
    """The command that words name, and what is left for it."""
    for end in range(len(words), 0, -1):
        node = find_command(words[:end])
        if node is not None:
            return node, words[end:]
    raise AssertionError(words)


@pytest.mark.parametrize("name", NODES)
def test_every_command_has_a_row_with_an_example(name: str) -> None:
    assert name in ABOUT, (
        f'"{name}" has no row in cosictl/cli/manual_rows.py: add one with an example that people would type, and what '
        "it reads and changes, then run make docs"
    )
    about = ABOUT[name]
    assert about.examples, f'the row of "{name}" in cosictl/cli/manual_rows.py needs an example'
    typed = {split(words)[0].name for _, line in about.examples for words in ours(line)}
    assert not name or name in typed or any(word.startswith(f"{name} ") for word in typed)


def test_every_row_is_of_a_command() -> None:
    assert set(ABOUT) - set(NODES) == set(), "these commands do not exist: take their rows out of manual_rows.py"


@pytest.mark.parametrize(("name", "typed"), EXAMPLES, ids=[typed for _, typed in EXAMPLES])
def test_an_example_can_be_typed(name: str, typed: str) -> None:
    found = list(ours(typed))
    assert found, typed
    for words in found:
        node, rest = split(words)
        context = node.command.make_context(words[-1], respell(rest), parent=node.context)
        targets = context.params.get("targets")
        assert not targets or name == "repair" or parse_targets(targets)
    assert set(re.findall(r"COSI\d+", typed)) <= set(CATALOGUE)
    policies = re.findall(r"(?:--assume-sidecar|--policy|compare) ([\w.-]+)", typed)
    assert set(policies) <= set(POLICIES)


@pytest.mark.parametrize(
    "words", [["get", "--outlok", "x", "claims"], ["get"], ["diagnose", "--finding"]], ids=" ".join
)
def test_an_example_that_is_wrong_would_be_found(words: list[str]) -> None:
    node, rest = split(words)
    with pytest.raises(Exception, match=r"No such option|Missing parameter|requires an argument"):
        node.command.make_context(node.name, respell(rest), parent=node.context)


@pytest.mark.parametrize("typed", [typed for name, typed in EXAMPLES if name in {"explain", "version", "completion"}])
def test_an_example_that_needs_nothing_runs(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ours(typed):
        assert run(words) == 0
        assert capsys.readouterr().out


@pytest.mark.parametrize("name", NODES)
def test_a_page_has_everything(name: str) -> None:
    node = NODES[name]
    page = command_page(node)
    sections = dict(page.sections)
    assert [heading for heading in ALWAYS if heading not in sections] == []
    assert all(heading and text for heading, text in page.sections)
    assert [block.kind for block in blocks(sections["Examples"])] == [Kind.AS_IS]
    assert max(map(len, re.findall(r"^# .*$", sections["Examples"], re.MULTILINE))) <= 78
    shown = " ".join([page.title, *sections.values()])
    for param in node.command.get_params(node.context):
        names = param.opts if param.param_type_name == "option" else [param.metavar]
        assert getattr(param, "hidden", False) or all(name in shown for name in names)
    assert "--kubeconfig" not in sections.get("Options", "")
    assert "--kubeconfig" in sections["Options of every command"], (
        f'"{name}" does not take the options of every command: give a group a callback, as cosictl/cli/journal.py does'
    )
    assert not re.search(r"\[(?:default|required|x[<>])", shown)
    # What it points at is there.
    about = ABOUT[name]
    assert [
        word for word in about.see if isinstance(word, str) and not (find_command(word.split()) or lookup(word))
    ] == []


def test_defaults_and_limits_are_sentences() -> None:
    cleanup = dict(command_page(NODES["cleanup"]).sections)
    assert "Refuse plans of more steps. Default: 20. At least 1." in cleanup["Options"]
    info = dict(command_page(NODES["probe-driver info"]).sections)
    assert "How many calls to time. Default: 5. From 1 to 1000." in info["Options"]
    assert (
        "A bucket, claim or access. Required."
        in dict(command_page(NODES["probe-driver reproduce"]).sections)["Arguments"]
    )


def test_choices_are_shown_without_brackets() -> None:
    page = dict(command_page(NODES["cleanup"]).sections)
    assert "--dry-run client|server\t" in page["Options"]
    assert "--color auto|always|never\t" in page["Options of every command"]
    assert dict(command_page(NODES["completion"]).sections)["Usage"].endswith(" bash|zsh|fish|kubectl|install [SHELL]")


def test_names_are_known_without_loading_a_command() -> None:
    assert list(command_names()) == [name for name in NODES if name], "name the verbs below a verb in VERBS, in order"


def test_a_term_that_is_called_like_a_command_is_named_on_its_page() -> None:
    hidden = [name for name in NODES if name and lookup(name) is not None]
    assert hidden == ["mark"]
    for name in hidden:
        assert lookup(name) in [lookup(word) for word in ABOUT[name].see if isinstance(word, str)]
    assert cosictl("explain", "mark").stdout.startswith("cosictl mark: Write on objects")
    assert cosictl("explain", "cosictl.dev/mark").stdout.startswith("Annotation cosictl.dev/mark")


@pytest.mark.parametrize(
    "words",
    ["probe-driver reproduce", "cosictl probe-driver reproduce", "kubectl cosi probe-driver reproduce"],
)
def test_a_command_is_found_however_it_is_written(words: str) -> None:
    for written in (words.split(), [words]):
        assert cosictl("explain", *written).stdout.startswith("cosictl probe-driver reproduce: Send the driver")


def test_words_that_were_not_quoted_are_one_term() -> None:
    assert cosictl("explain", "code", "=", "16").stdout.startswith("Unauthenticated (gRPC code 16)")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("diagnos",), "diagnose"),
        (("reproduce",), "probe-driver reproduce"),
        (("probe-driver", "reprodce"), "probe-driver reproduce"),
    ],
)
def test_a_command_that_is_not_there_is_one_line_with_what_is_meant(words: tuple[str, ...], meant: str) -> None:
    done = cosictl("explain", *words)
    assert (done.returncode, done.stdout) == (1, "")
    line = one_line(done.stderr)
    assert line.startswith(f'cosictl: nothing is known as "{" ".join(words)}"; did you mean ')
    assert re.search(rf"\b{meant}[,?]", line)
    assert line.endswith("; cosictl explain lists all")


def test_explain_lists_commands_too() -> None:
    lines = cosictl("explain").stdout.splitlines()
    assert [re.split(" {2,}", line)[0] for line in lines] == [*all_terms(), *command_names()]
    told = dict(re.split(" {2,}", line) for line in lines)
    assert told["COSI101"] == "BucketClass does not exist"
    assert told["looping"] == "outlook"
    assert told["wait"].startswith("Wait until")


def test_explain_completes_commands() -> None:
    assert offered("explain", "prob") == ["probe-driver"]
    assert offered("explain", "probe-driver", "") == ["info", "reproduce", "call", "check"]
    assert offered("explain", "probe-driver", "re") == ["reproduce"]
    assert offered("explain", "COSI104", "") == []
