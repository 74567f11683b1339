"""The program as a process: terminals of two widths, pipes, closed and full outputs, colours, what it loads."""

import json
import re
import subprocess
import sys

import pytest

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


def test_a_wider_terminal_shows_more_of_a_message() -> None:
    shown = {columns: in_terminal("events", "-f", V1, columns=columns)[1] for columns in (80, 200)}
    assert len(shown[200]) > len(shown[80])
    message = "failed to grant bucket access: rpc error"
    assert message in shown[200]
    assert message not in shown[80]


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


def loaded_by(*words: str) -> set[str]:
    """Which heavy libraries a command loads; it must succeed in its way."""
    program = (
        "import sys\n"
        "from cosictl.__main__ import main\n"
        f"sys.argv = ['cosictl', *{words!r}]\n"
        "code = main()\n"
        "assert code in (0, 3), code\n"
        "heavy = {'kubernetes', 'urllib3', 'grpc', 'google', 'rich', 'msgspec', 'yaml'}\n"
        "print(*sorted(heavy & {name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(),
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split()) if done.stderr.strip() else set()


@pytest.mark.parametrize(
    "words",
    [
        ("diagnose", "-f", V1),
        ("diagnose", "-f", V2, "-o", "json"),
        ("get", "buckets", "-f", V1),
        ("get", "buckets", "-f", V1, "-o", "yaml"),
        ("events", "-f", V1),
        ("classify", "rpc error: code = Internal desc = x"),
        ("explain", "COSI104"),
        ("snapshot", "-f", V1, "-o", "-"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_offline_commands_load_no_client(words: tuple[str, ...]) -> None:
    assert loaded_by(*words) & {"kubernetes", "urllib3", "grpc", "google"} == set()


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("version",), ("completion", "bash"), ("get", "--help")], ids=str
)
def test_help_version_and_completion_load_nothing_heavy(words: tuple[str, ...]) -> None:
    assert loaded_by(*words) == set()


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
