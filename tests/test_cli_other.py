"""``cosictl explain``, ``version`` and ``snapshot``, and what happens when the program itself is at fault."""

import json
import platform
import re
import stat
import subprocess
import sys
from pathlib import Path

import cosictl as package
from cosictl.knowledge.catalogue import CATALOGUE
from tests.cli_process import ROOT, V1, cosictl, environment, in_terminal


def test_explain_prints_a_page_and_lists_what_it_knows() -> None:
    page = cosictl("explain", "c04").stdout
    assert CATALOGUE["COSI104"].title in page
    terms = [re.split(" {2,}", line)[0] for line in cosictl("explain").stdout.splitlines()]
    assert {*CATALOGUE, "InvalidArgument", "NoSuchBucket", "v0.2.2", "looping"} <= set(terms)
    document = json.loads(cosictl("explain", "COSI104", "-o", "json").stdout)
    assert document["sections"]
    assert json.loads(cosictl("explain", "-o", "json").stdout)["terms"] == terms


def test_version_in_every_form() -> None:
    text = f"cosictl {package.__version__}\n"
    assert cosictl("--version").stdout == text
    facts = json.loads(cosictl("version", "-o", "json").stdout)
    assert facts["version"] == package.__version__
    assert facts["python"] == platform.python_version()
    assert facts["installed"] == f"source tree {ROOT}"
    more = [f"  {name:<10} {value}\n" for name, value in facts.items() if name != "version"]
    assert cosictl("version").stdout == "".join([text, *more])
    assert f"version: {package.__version__}" in cosictl("version", "-o", "yaml").stdout


def test_a_snapshot_is_for_its_owner_and_replaces_what_was_there_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text("old")
    path.chmod(0o644)
    done = cosictl("snapshot", "-f", V1, "-o", str(path))
    assert (done.returncode, done.stdout, path.read_text()) == (4, "", "old")
    assert f"{path}: already exists; name another file, or give --force to replace it" in done.stderr
    done = cosictl("snapshot", "-f", V1, "-o", str(path), "--force")
    assert (done.returncode, done.stdout) == (0, "")
    assert "22 claims, 20 buckets, 6 accesses" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["kind"] == "Dump"
    assert [found.name for found in tmp_path.iterdir()] == ["dump.json"]


def test_a_snapshot_goes_to_stdout_or_a_device() -> None:
    done = cosictl("snapshot", "-f", V1, "-o", "-")
    assert json.loads(done.stdout)["kind"] == "Dump"
    assert done.stderr == ""
    assert cosictl("snapshot", "-f", V1, "-o", "/dev/null").returncode == 0
    assert cosictl("snapshot", "-f", V1, "-o", "-", "--force").returncode == 2
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_snapshot_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    done = cosictl("snapshot", "-f", V1, "-o", str(tmp_path / "absent" / "dump.json"))
    assert done.returncode == 1
    assert "cannot be written: no such folder; make " in done.stderr
    assert cosictl("snapshot", "-f", V1, "-o", str(tmp_path)).returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_a_bug_prints_a_report_to_paste_without_secrets() -> None:
    program = (
        "import sys\n"
        "from cosictl.cli import app\n"
        "from cosictl import __main__\n"
        "def broken(words):\n"
        "    raise RuntimeError('token=ghp_' + 'a1B2' * 9 + ' \\x1b[2J')\n"
        "app.run = broken\n"
        "sys.exit(__main__.main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(), timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "this is a bug in cosictl" in done.stderr
    assert f"cosictl {package.__version__}, Python 3." in done.stderr
    assert "kubernetes " in done.stderr
    assert "RuntimeError" in done.stderr
    assert "ghp_" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_page_fits_the_terminal() -> None:
    _, seen = in_terminal("explain", "COSI104", "--color", "never", columns=80)
    assert max(len(line) for line in seen.splitlines() if "kubectl" not in line) <= 80


def test_the_demo_ends_well_and_says_what_to_type_next() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cosictl.demo"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "COSI106" in done.stdout
    following = [line.strip() for line in done.stdout.rpartition("Next:")[2].splitlines() if "cosictl" in line]
    assert {line.split("cosictl", 1)[1].split()[0] for line in following} >= {"explain", "events", "diagnose", "--help"}
