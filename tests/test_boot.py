"""The start of the single-file archive, with a small program in it: where it unpacks, and what stops it."""

import ast
import io
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from release import boot
from release.archive import facts_of
from tests.cli_process import away

KEY: Final = "small-1"
PROGRAM: Final = "import sys\n\n\ndef main():\n    print('runs from', __file__, *sys.argv)\n    return 3\n"


def archive(folder: Path, **changed: str) -> Path:
    """Make an archive of a program that prints where it is."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as site:
        site.writestr("cosictl/__init__.py", "")
        site.writestr("cosictl/__main__.py", PROGRAM)
        site.writestr("large", bytes(100_000))
    path = folder / "small.pyz"
    with zipfile.ZipFile(path, "w") as made:
        made.write(boot.__file__, "__main__.py")
        made.writestr(boot.FACTS, json.dumps({**facts_of("1"), "key": KEY, **changed}))
        made.writestr(boot.CONTENT, content.getvalue())
    return path


@pytest.fixture(name="env")
def _env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    return {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def temporary(env: dict[str, str]) -> list[str]:
    return names(Path(env["TMPDIR"]))


@pytest.mark.parametrize(
    ("extra", "place"),
    [({}, "home/.cache"), ({"XDG_CACHE_HOME": "{}/cache"}, "cache"), ({"XDG_CACHE_HOME": "relative"}, "home/.cache")],
)
def test_it_unpacks_into_the_users_cache(
    extra: dict[str, str], place: str, env: dict[str, str], tmp_path: Path
) -> None:
    path = archive(tmp_path)
    given = {name: value.format(tmp_path) for name, value in extra.items()}
    folder = tmp_path / place / "cosictl" / KEY
    expected = (3, f"runs from {folder / 'cosictl' / '__main__.py'} {path} a b\n", "")
    for _ in range(2):
        assert away(sys.executable, path, "a", "b", env={**env, **given}) == expected
    assert names(folder.parent) == [KEY]
    assert folder.parent.stat().st_mode & 0o077 == 0
    assert temporary(env) == []


def test_it_runs_where_no_cache_can_be(env: dict[str, str], tmp_path: Path) -> None:
    code, out, err = away(sys.executable, archive(tmp_path), env={**env, "XDG_CACHE_HOME": "/proc"})
    assert (code, out.startswith(f"runs from {env['TMPDIR']}/cosictl-")) == (3, True)
    assert err == (
        "cosictl: /proc/cosictl cannot be used: No such file or directory; unpacked for this run only, which is slow; "
        "set XDG_CACHE_HOME to a folder of your own\n"
    )
    assert temporary(env) == []


def test_nothing_runs_that_others_could_have_put_there(env: dict[str, str], tmp_path: Path) -> None:
    cache = tmp_path / "home" / ".cache" / "cosictl"
    planted = cache / KEY / "cosictl"
    planted.mkdir(parents=True)
    (planted / "__main__.py").write_text("def main():\n    raise SystemExit('planted')\n")
    cache.chmod(0o777)
    code, out, err = away(sys.executable, archive(tmp_path), env=env)
    assert (code, out.startswith(f"runs from {env['TMPDIR']}/cosictl-")) == (3, True)
    assert err.startswith(f"cosictl: {cache} cannot be used: others may write to it; unpacked for this run only")


def test_a_disk_that_is_full_is_one_line(env: dict[str, str], tmp_path: Path) -> None:
    path = archive(tmp_path)
    code, out, err = away("bash", "-c", 'ulimit -f 8; exec "$@"', "bash", sys.executable, path, env=env)
    assert (code, out) == (1, "")
    cache = tmp_path / "home" / ".cache" / "cosictl"
    assert err == (
        f"cosictl: {cache} cannot be used: File too large, nor {env['TMPDIR']}: File too large; "
        "set XDG_CACHE_HOME to a folder of your own\n"
    )
    assert list(cache.iterdir()) == []
    assert temporary(env) == []


def test_two_first_starts_at_once_do_not_disturb_each_other(env: dict[str, str], tmp_path: Path) -> None:
    path = archive(tmp_path)
    both = '"$@" & first=$!; "$@"; second=$?; wait $first; echo $? $second'
    code, out, err = away("bash", "-c", both, "bash", sys.executable, path, env=env)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "3 3"
    assert names(tmp_path / "home" / ".cache" / "cosictl") == [KEY]


def test_another_python_is_looked_for(env: dict[str, str], tmp_path: Path) -> None:
    path = archive(tmp_path, python="cpython 3.99")
    env["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    found = f"cpython {sys.version_info[0]}.{sys.version_info[1]}"
    said = f"cosictl: this file needs cpython 3.99, and this is {found}; install python3.99, or take the file for your"
    assert away(sys.executable, path, env=env) == (1, "", f"{said} Python\n")
    (tmp_path / "python3.99").write_text('#!/bin/sh\necho "started with" "$@"\n')
    (tmp_path / "python3.99").chmod(0o755)
    assert away(sys.executable, path, "a b", env=env) == (0, f"started with {path} a b\n", "")


def test_old_pythons_can_read_the_start() -> None:
    ast.parse(Path(boot.__file__).read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("changed", [{"machine": "vax"}, {"system": "plan9"}])
def test_another_machine_is_told(changed: dict[str, str], env: dict[str, str], tmp_path: Path) -> None:
    code, out, err = away(sys.executable, archive(tmp_path, **changed), env=env)
    assert (code, out) == (1, "")
    assert err.startswith("cosictl: this file is for ")
    assert err.endswith(f", and this is {sys.platform} {os.uname().machine}\n")
    assert not (tmp_path / "home").exists()
