"""``completion install``: the file goes where the shell reads it, and the shell then completes."""

import os
import pty
import select
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from cosictl.cli.completion_scripts import SCRIPTS, Shell
from tests.cli_process import cosictl, environment, one_line

LOADER: Final = Path("/usr/share/bash-completion/bash_completion")
PLACES: Final = {
    Shell.BASH: ".local/share/bash-completion/completions/cosictl",
    Shell.ZSH: ".local/share/zsh/site-functions/_cosictl",
    Shell.FISH: ".config/fish/completions/cosictl.fish",
    Shell.KUBECTL: ".local/bin/kubectl_complete-cosi",
}


@pytest.fixture(name="env")
def _env(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and a PATH on which both programs stand, made as an installer makes them."""
    home, programs = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    programs.mkdir()
    for name in ("cosictl", "kubectl-cosi"):
        script = programs / name
        script.write_text(f"#!{sys.executable}\nimport sys\nfrom cosictl.__main__ import main\nsys.exit(main())\n")
        script.chmod(0o755)
    unset = dict.fromkeys(("BASH_COMPLETION_USER_DIR", "FPATH", "XDG_DATA_HOME", "ZDOTDIR"), "")
    path = f"{home / '.local/bin'}{os.pathsep}{programs}{os.pathsep}{os.environ['PATH']}"
    return {**unset, "HOME": str(home), "PATH": path, "SHELL": "/bin/bash"}


def install(env: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return cosictl("completion", "install", *words, env=env)


@pytest.mark.parametrize("shell", Shell)
def test_it_is_written_once_and_told(shell: Shell, env: dict[str, str]) -> None:
    path = Path(env["HOME"], PLACES[shell])
    dry = install(env, shell, "--dry-run")
    assert (dry.returncode, dry.stderr) == (0, "")
    assert dry.stdout.splitlines()[0] == f"would write {path}"
    assert list(Path(env["HOME"]).iterdir()) == []
    done = install(env, shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"wrote {path}"
    assert path.read_text() == SCRIPTS[shell]
    assert os.access(path, os.X_OK) is (shell is Shell.KUBECTL)
    assert [found for found in Path(env["HOME"]).rglob("*") if found.is_file()] == [path]
    assert install(env, shell).stdout.splitlines()[0] == f"up to date: {path}"


@pytest.mark.parametrize("shell", [Shell.BASH, Shell.ZSH, Shell.FISH])
def test_the_shell_is_that_of_the_person(shell: Shell, env: dict[str, str]) -> None:
    done = install({**env, "SHELL": f"/usr/bin/{shell}"})
    assert Path(env["HOME"], PLACES[shell]).exists(), done.stderr


def test_another_file_is_only_replaced_by_force(env: dict[str, str]) -> None:
    path = Path(env["HOME"], PLACES[Shell.BASH])
    path.parent.mkdir(parents=True)
    path.write_text("# mine\n")
    refused = install(env)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert one_line(refused.stderr).endswith("is there already, and differs; look at it; --force replaces it")
    assert install(env, "--dry-run").returncode == 4
    assert path.read_text() == "# mine\n"
    assert install(env, "--force").returncode == 0
    assert path.read_text() == SCRIPTS[Shell.BASH]


def test_a_link_stays_a_link(env: dict[str, str], tmp_path: Path) -> None:
    path = Path(env["HOME"], PLACES[Shell.BASH])
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    assert install(env).returncode == 0
    assert path.is_symlink()
    assert (tmp_path / "elsewhere").read_text() == SCRIPTS[Shell.BASH]


@pytest.mark.parametrize(
    ("shell", "extra", "place"),
    [
        (Shell.BASH, {"XDG_DATA_HOME": "{}/data"}, "data/bash-completion/completions/cosictl"),
        (Shell.BASH, {"XDG_DATA_HOME": "relative"}, PLACES[Shell.BASH]),
        (Shell.BASH, {"BASH_COMPLETION_USER_DIR": "{}/own"}, "own/completions/cosictl"),
        (Shell.ZSH, {"XDG_DATA_HOME": "{}/data"}, "data/zsh/site-functions/_cosictl"),
        (Shell.FISH, {"XDG_CONFIG_HOME": "{}/config"}, "config/fish/completions/cosictl.fish"),
        (Shell.KUBECTL, {"PATH": "/usr/bin:{}"}, "kubectl_complete-cosi"),
        (Shell.KUBECTL, {"PATH": "/usr/bin"}, PLACES[Shell.KUBECTL]),
    ],
)
def test_the_places_are_those_of_the_environment(
    shell: Shell, extra: dict[str, str], place: str, env: dict[str, str]
) -> None:
    given = {name: value.format(env["HOME"]) for name, value in extra.items()}
    assert install({**env, **given}, shell).returncode == 0
    assert Path(env["HOME"], place).exists()


BAD: Final = {
    "no $SHELL": (
        (),
        {"SHELL": ""},
        2,
        "SHELL is not set, and no shell is named; name one: cosictl completion install",
    ),
    "a shell without": ((), {"SHELL": "/bin/tcsh"}, 2, "SHELL is /bin/tcsh: there is no completion for tcsh; name one"),
    "an unknown shell": (("tcsh",), {}, 2, "'tcsh' is not one of 'bash', 'zsh', 'fish', 'kubectl'"),
    "no home": (("fish",), {"HOME": ""}, 1, "HOME is not set"),
    "a folder that cannot be made": (("fish",), {"XDG_CONFIG_HOME": "/proc"}, 1, "cannot be written: No such file"),
    "a file in the way": (("fish",), {"XDG_CONFIG_HOME": "/dev/null"}, 1, "cannot be written: Not a directory"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line(case: str, env: dict[str, str]) -> None:
    words, extra, code, said = BAD[case]
    done = install({**env, **extra}, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in one_line(done.stderr)


def test_printing_takes_no_word_of_installing() -> None:
    for words in (("bash", "zsh"), ("bash", "--force"), ("bash", "--dry-run")):
        done = cosictl("completion", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "to install it: cosictl completion install bash" in one_line(done.stderr)


def typed(env: Mapping[str, str], shell: list[str], line: str, wanted: str) -> str:
    """Type into a shell on a terminal until something wanted is seen; returns what the terminal showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        shell,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # What is empty is not set: an empty FPATH would be one.
        env={name: value for name, value in environment(env).items() if value},
    )
    os.close(theirs)
    seen = ""
    try:
        seen += _until(ours, "ready>")
        os.write(ours, line.encode())
        seen += _until(ours, wanted)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return seen


def _until(terminal: int, wanted: str) -> str:
    seen = ""
    while wanted not in seen and select.select([terminal], [], [], 30)[0]:
        try:
            seen += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            break
    return seen


@pytest.mark.skipif(not LOADER.exists(), reason="bash-completion is not installed here")
def test_bash_then_completes(env: dict[str, str]) -> None:
    start_up = Path(env["HOME"], "rc")
    start_up.write_text(f"PS1='ready>'\nsource {LOADER}\n")
    shell = ["bash", "--noprofile", "--rcfile", str(start_up), "-i"]
    assert install(env).returncode == 0
    assert "cosictl diagnose " in typed(env, shell, "cosictl diag\t", "diagnose ")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed here")
def test_zsh_then_completes(env: dict[str, str]) -> None:
    told = install(env, "zsh").stdout.splitlines()
    lines = [line.strip() for line in told if line.startswith("  ")]
    Path(env["HOME"], ".zshrc").write_text("\n".join([*lines, "PS1='ready>'"]) + "\n")
    env["ZDOTDIR"] = env["HOME"]
    assert "diagnose" in typed(env, ["zsh", "-d", "-i"], "cosictl diag\t", "diagnose")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed here")
def test_fish_then_completes(env: dict[str, str]) -> None:
    assert install(env, "fish").returncode == 0
    done = subprocess.run(
        ["fish", "--command", "complete --do-complete 'cosictl diag'"],
        capture_output=True,
        text=True,
        env=environment(env),
        check=True,
    )
    assert done.stdout.split() == ["diagnose"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl here")
def test_kubectl_then_completes(env: dict[str, str]) -> None:
    assert install(env, "kubectl").returncode == 0
    done = subprocess.run(
        ["kubectl", "__complete", "cosi", "diag"], capture_output=True, text=True, env=environment(env), check=False
    )
    assert done.stdout.splitlines()[:2] == ["diagnose", ":4"]
