"""``cosictl report``: where it goes, what it refuses to write over, and that live and dump tell the same."""

import json
import stat
import subprocess
from pathlib import Path
from typing import Final

import pytest

from cosictl.cli.output import Format
from cosictl.cli.report.formats import WRITERS
from tests.apiserver import ApiServer
from tests.cli_process import COMMAND, V1, V2, cosictl, environment, in_terminal, one_line

MARKDOWN: Final = "# Object storage (COSI): "
HTML: Final = "<!DOCTYPE html>"


def recorded() -> list[dict[str, object]]:
    """The objects and events of the recorded v1alpha1 cluster."""
    return [
        item for name in ("objects", "events") for item in json.loads(Path(V1, f"{name}.json").read_text())["items"]
    ]


def test_without_a_format_it_is_text_for_a_ticket_and_exits_with_0() -> None:
    done = cosictl("report", "-f", V1)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(MARKDOWN)
    assert done.stdout == cosictl("report", "-f", V1, "-o", "markdown").stdout
    assert done.stdout == cosictl("-o", "markdown", "report", "-f", V1, "--output-file", "-").stdout


def test_a_terminal_gets_the_same() -> None:
    code, seen = in_terminal("report", "-f", V2, columns=80)
    assert code == 0
    assert seen.splitlines() == cosictl("report", "-f", V2).stdout.splitlines()


def test_html_is_a_page_in_every_locale() -> None:
    done = cosictl("report", "-f", V1, "-o", "html", env={"PYTHONIOENCODING": "latin-1"})
    assert done.stdout.startswith(HTML)
    assert done.stdout == cosictl("report", "-f", V1, "-o", "html").stdout
    # A middle dot, as a reference and not as an escape.
    assert "&#183;" in done.stdout
    assert "\\u00b7" not in done.stdout


def test_an_unknown_format_names_those_there_are() -> None:
    done = cosictl("report", "-f", V1, "-o", "pdf")
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr).endswith(f"this command has {', '.join((*WRITERS, Format.PROMETHEUS))}")
    assert {Format.MARKDOWN, Format.HTML} <= set(WRITERS)


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_file_is_written_whole_and_for_everybody_to_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "report"
    done = cosictl("report", "-f", V1, "-o", form, "--output-file", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert path.read_text() == cosictl("report", "-f", V1, "-o", form).stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_umask_is_heeded(tmp_path: Path) -> None:
    script = 'umask 077; exec "$@"'
    words = ("report", "-f", V1, "--output-file", str(tmp_path / "report"))
    subprocess.run(["sh", "-c", script, "sh", *COMMAND, *words], env=environment(), timeout=60, check=True)
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_left_alone_until_forced(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("mine")
    words = ("report", "-f", V1, "--output-file", str(path))
    done = cosictl(*words)
    assert (done.returncode, done.stdout) == (4, "")
    assert one_line(done.stderr).endswith("report.md: already exists; name another file, or give --force to replace it")
    assert path.read_text() == "mine"
    assert cosictl(*words, "--force").returncode == 0
    assert path.read_text().startswith(MARKDOWN)
    assert list(tmp_path.iterdir()) == [path]


def test_a_broken_link_is_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    assert cosictl("report", "-f", V1, "--output-file", str(tmp_path / "link")).returncode == 4
    assert not (tmp_path / "absent").exists()


def test_a_link_goes_on_leading_where_it_led(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("old")
    (tmp_path / "link").symlink_to("report")
    assert cosictl("report", "-f", V1, "--output-file", str(tmp_path / "link"), "--force").returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "report").read_text().startswith(MARKDOWN)


def test_what_cannot_be_written_is_said_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("mine")
    with ApiServer(recorded()) as server:
        env = {"KUBECONFIG": str(server.kubeconfig(tmp_path))}
        for target, code in ((path, 4), (tmp_path, 1), (tmp_path / "absent" / "x", 1), (path / "x", 1)):
            done = cosictl("report", "--output-file", str(target), env=env)
            assert (done.returncode, done.stdout) == (code, "")
            assert str(target) in one_line(done.stderr)
        assert server.requests == []


def test_a_folder_that_takes_no_file_is_said_in_one_line() -> None:
    done = cosictl("report", "-f", V1, "--output-file", "/proc/self/report.md")
    assert (done.returncode, done.stdout) == (1, "")
    assert "/proc/self/report.md: cannot be written: " in one_line(done.stderr)


def test_a_disk_that_is_full_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("mine")
    # More than 20 KiB in one file ends in an error, as on a full disk.
    script = 'trap "" XFSZ; ulimit -f 20; exec "$@"'
    words = ("report", "-f", V1, "-o", "html", "--force", "--output-file", str(path))
    done = subprocess.run(
        ["bash", "-c", script, "bash", *COMMAND, *words],
        env=environment({"PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "report.html: cannot be written: File too large" in one_line(done.stderr)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_is_written_through() -> None:
    assert cosictl("report", "-f", V1, "--output-file", "/dev/null").returncode == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert cosictl("report", "-f", V1, "--output-file", "/dev/stdout").stdout.startswith(MARKDOWN)


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_cluster_and_its_dump_tell_the_same(tmp_path: Path, form: str) -> None:
    dump = tmp_path / "dump.json"
    with ApiServer(recorded()) as server:
        env = {"KUBECONFIG": str(server.kubeconfig(tmp_path))}
        live = cosictl("report", "-o", form, env=env)
        assert cosictl("snapshot", "-o", str(dump), env=env).returncode == 0
    offline = cosictl("report", "-o", form, "-f", str(dump))
    assert live.returncode == offline.returncode == 0
    lines = live.stdout.splitlines()
    different = [line for line in offline.stdout.splitlines() if line not in lines]
    # Only where it was read from, and whose clock it was.
    assert len(different) <= 2


def test_what_was_refused_is_told(tmp_path: Path) -> None:
    with ApiServer(recorded(), forbidden=["events"]) as server:
        done = cosictl("report", env={"KUBECONFIG": str(server.kubeconfig(tmp_path))})
    assert done.returncode == 0
    assert "cannot list resource" in done.stdout.partition("## Not read")[2]


def test_it_tells_only_what_was_asked_for() -> None:
    one = cosictl("report", "claim/create-invalidargument", "-n", "team-a", "-f", V1).stdout
    assert "COSI106" in one
    assert "COSI101" not in one
    only = cosictl("report", "-f", V1, "--finding", "c01").stdout
    assert "COSI101" in only
    assert "COSI106" not in only
    what_if = cosictl("report", "-f", V1, "--assume-sidecar", "main-2026-03").stdout
    assert "main-2026-03 (assumed on request)" in what_if


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("claim/absent",), "not found"),
        (("-f", "absent.json"), "absent.json"),
        (("--finding", "COSI999"), "unknown finding code"),
    ],
    ids=str,
)
def test_what_is_not_there_is_said_in_one_line_and_no_file_is_made(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    source = () if "-f" in words else ("-f", V1)
    done = cosictl("report", *words, *source, "--output-file", str(tmp_path / "out"))
    assert done.returncode in {1, 2}
    assert told in one_line(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_credentials_are_masked(tmp_path: Path) -> None:
    events = json.loads(Path(V1, "events.json").read_text())
    for event in events["items"]:
        event["message"] += " AKIAFAKEFAKEFAKE1234 password=hunter2secret"
    (tmp_path / "events.json").write_text(json.dumps(events))
    for name in ("objects.json", "about.json"):
        (tmp_path / name).write_text(Path(V1, name).read_text())
    for form in ("markdown", "html"):
        told = cosictl("report", "-f", str(tmp_path), "-o", form).stdout
        assert "password=" in told
        assert "hunter2secret" not in told
        assert "AKIAFAKEFAKEFAKE1234" not in told
