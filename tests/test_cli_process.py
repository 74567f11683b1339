"""The program as a process: terminals of two widths, pipes, closed and full outputs, colours, what it loads."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cosictl.cli.verbs import VERBS
from tests.apiserver import ApiServer
from tests.cli_process import COMMAND, TIMEOUT_SECONDS, V1, V2, cosictl, environment, in_terminal

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
DIAGNOSE = ("diagnose", "-f", V1)


def is_command(line: str) -> bool:
    return "kubectl " in line or "cosictl " in line


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_is_not_overrun(columns: int) -> None:
    code, seen = in_terminal(*DIAGNOSE, columns=columns)
    lines = [ESCAPES.sub("", line) for line in seen.splitlines()]
    assert code == 3
    # Commands are there to be copied, and never cut.
    assert [line for line in lines if len(line) > columns and not is_command(line)] == []
    assert max(len(line) for line in lines if not is_command(line)) > columns - 20


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_shows_all_of_a_message(columns: int) -> None:
    shown = in_terminal("events", "-f", V1, columns=columns)[1]
    message = "failed to grant bucket access: rpc error: code = PermissionDenied desc = permission denied for IAM"
    assert message in " ".join(shown.split())
    assert "\u2026" not in shown


def test_a_terminal_has_colours_and_a_pipe_has_none() -> None:
    assert "\x1b[" in in_terminal(*DIAGNOSE, columns=120)[1]
    assert "\x1b" not in cosictl(*DIAGNOSE).stdout


@pytest.mark.parametrize(
    ("words", "env"), [((), {"NO_COLOR": "1"}), (("--color=never",), {}), ((), {"TERM": "dumb"})], ids=str
)
def test_colours_can_be_refused(words: tuple[str, ...], env: dict[str, str]) -> None:
    assert "\x1b" not in in_terminal(*DIAGNOSE, *words, columns=120, env=env)[1]


def test_colours_can_be_forced_into_a_pipe() -> None:
    assert "\x1b[" in cosictl("--color", "always", *DIAGNOSE).stdout


def test_json_has_no_colours_even_when_they_are_forced() -> None:
    done = cosictl(*DIAGNOSE, "-o", "json", "--color", "always")
    assert json.loads(done.stdout)["kind"] == "Diagnosis"


@pytest.mark.parametrize(
    "words", [DIAGNOSE, (*DIAGNOSE, "-o", "json"), ("get", "claims", "-f", V1), ("--help",)], ids=str
)
def test_a_reader_that_leaves_is_no_error(words: tuple[str, ...]) -> None:
    script = '"$@" | head -1; echo "${PIPESTATUS[0]}" >&2'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *COMMAND, *words],
        capture_output=True,
        text=True,
        env=environment({"PYTHONUNBUFFERED": "1"}),
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    # Either it was done before the reader left, or it ended like a process that SIGPIPE ended.
    assert done.stderr.strip() in {"0", "3", "141"}


def test_an_output_that_is_full_is_said_in_one_line() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" > /dev/full', "bash", *COMMAND, *DIAGNOSE, "-o", "json"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("cosictl: the output cannot be written: No space left")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [("classify",), ("diagnose", "-f", "-")], ids=str)
def test_a_closed_stdin_is_said_in_one_line(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" <&-', "bash", *COMMAND, *words],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode in {1, 2}
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_closed_stdout_is_no_crash() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" >&-', "bash", *COMMAND, "version"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_knows_few_characters_gets_escapes(encoding: str) -> None:
    env = {"PYTHONIOENCODING": encoding}
    text = cosictl(*DIAGNOSE, env=env)
    assert text.returncode == 3
    assert "\\u201c" in text.stdout
    message = '{"text": "\U0001f600 é \\u201c", "id": "\U0001f600 é"}'
    row = cosictl("classify", "--input", "jsonl", "-o", "jsonl", stdin=message, env=env)
    assert json.loads(row.stdout)["id"] == "\U0001f600 é"


HEAVY = frozenset(
    {"ahocorasick_rs", "aiohttp", "google", "grpc", "kubernetes", "msgspec", "pydantic", "rich", "urllib3", "yaml"}
)


def loaded_by(*words: str, env: Mapping[str, str] | None = None) -> set[str]:
    """Which libraries a command loads, and which of our verbs; it must succeed in its way."""
    program = (
        "import sys\n"
        "from cosictl.__main__ import main\n"
        f"sys.argv = ['cosictl', *{words!r}]\n"
        "code = main()\n"
        "assert code in (0, 3), code\n"
        f"heavy = {set(HEAVY)!r}\n"
        "print(*sorted(heavy & {name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split()) if done.stderr.strip() else set()


# What each command needs, and nothing else.
LOADS: list[tuple[tuple[str, ...], set[str]]] = [
    (("--help",), set()),
    (("--version",), set()),
    (("version",), set()),
    (("completion", "bash"), {"msgspec"}),
    (("get", "--help"), {"msgspec"}),
    (("diagnose", "--help"), {"msgspec"}),
    (("wait", "--help"), {"msgspec"}),
    (("rbac", "print", "read-only"), {"msgspec", "yaml"}),
    (("classify", "--help"), set()),
    (("explain", "COSI104"), {"msgspec"}),
    (("explain", "diagnose"), {"msgspec"}),
    (("explain", "probe-driver", "reproduce"), {"msgspec"}),
    (("explain", "cosictl"), {"msgspec"}),
    (("explain",), {"msgspec"}),
    (("classify", "rpc error: code = Internal desc = x"), {"ahocorasick_rs", "msgspec"}),
    (("diagnose", "-f", V1), {"ahocorasick_rs", "msgspec", "yaml"}),
    (("diagnose", "-f", V2, "-o", "json"), {"ahocorasick_rs", "msgspec", "yaml"}),
    (("report", "--help"), {"msgspec"}),
    (("report", "-f", V1), {"ahocorasick_rs", "msgspec", "yaml"}),
    (("report", "-f", V1, "-o", "html"), {"ahocorasick_rs", "msgspec", "yaml"}),
    (("get", "buckets", "-f", V1), {"ahocorasick_rs", "msgspec", "rich", "yaml"}),
    (("get", "buckets", "-f", V1, "-o", "yaml"), {"ahocorasick_rs", "msgspec", "yaml"}),
    (("events", "-f", V1), {"ahocorasick_rs", "msgspec", "rich", "yaml"}),
    (("snapshot", "-f", V1, "-o", "-"), {"ahocorasick_rs", "msgspec", "yaml"}),
    (("report", "-f", V1, "-o", "junit"), {"ahocorasick_rs", "msgspec", "yaml"}),
    (("report", "-f", V1, "-o", "prometheus"), {"ahocorasick_rs", "msgspec", "yaml"}),
    (("report", "diff", V1, V2), {"ahocorasick_rs", "msgspec", "yaml"}),
]


@pytest.mark.parametrize(("words", "libraries"), LOADS, ids=[" ".join(words) for words, _ in LOADS])
def test_a_command_loads_what_it_needs(words: tuple[str, ...], libraries: set[str]) -> None:
    assert loaded_by(*words) <= libraries


def test_a_plain_kubeconfig_needs_no_client_library(tmp_path: Path) -> None:
    with ApiServer() as server:
        env = {"KUBECONFIG": str(server.kubeconfig(tmp_path))}
        assert loaded_by("diagnose", env=env) <= {"ahocorasick_rs", "msgspec", "yaml"}


def test_a_flag_is_completed_by_one_verb_alone() -> None:
    program = (
        "import os, sys\n"
        "from cosictl.cli.app import run\n"
        "sys.argv = ['cosictl']\n"
        "try:\n    run([])\nexcept SystemExit:\n    pass\n"
        f"libraries = {set(HEAVY)!r} & {{name.partition('.')[0] for name in sys.modules}}\n"
        "verbs = {name for name in sys.modules if name in ('cosictl.cli.get', 'cosictl.cli.cleanup')}\n"
        "print(*libraries - {'msgspec'}, *verbs, file=sys.stderr)\n"
    )
    words = {"_COSICTL_COMPLETE": "complete_bash", "COMP_WORDS": "cosictl diagnose --na", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(words), check=True
    )
    assert done.stdout.split() == ["--namespace"]
    assert done.stderr.split() == []


def test_the_first_line_of_a_verb_is_what_the_list_of_verbs_says() -> None:
    for name, verb in VERBS.items():
        shown = cosictl(name, "--help").stdout.split("\n\n")[1]
        assert " ".join(shown.split()) == verb.words, name


def test_an_interrupt_ends_with_130() -> None:
    process = subprocess.Popen(
        [*COMMAND, "classify", "-o", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"context deadline exceeded\n")
    process.stdin.flush()
    # An answer before the input ends: it streams, and is now waiting for more.
    assert json.loads(process.stdout.readline())["cause"] == "timeout"
    process.send_signal(2)
    out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, out, err) == (130, b"", b"cosictl: interrupted\n")
