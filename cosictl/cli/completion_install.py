"""``cosictl completion install``: the script goes where the shell looks among the user's own files.

Nothing else is changed: what has to stand in a start-up file of a shell is said, and left to the person.
"""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from cosictl.cli.completion_names import FILE_NAMES
from cosictl.cli.completion_scripts import SCRIPTS, Shell
from cosictl.cli.said import PLUGIN, plain
from cosictl.errors import CosictlError, RefusedError, UsageError

_NAMES: Final = "|".join(Shell)
_BY_HAND: Final = "cosictl completion {shell} prints the script: put it where your shell reads it"
_PLAIN_MODE, _EXECUTABLE_MODE = 0o644, 0o755


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a script goes, and what remains to be done by the person, in lines."""

    path: Path
    remains: tuple[str, ...]


def install(shell: Shell | None, *, dry_run: bool, force: bool) -> None:
    """Write the script of a shell, of that in ``$SHELL`` where none is named, and print what remains to be typed.

    Raises UsageError for a shell that has none, RefusedError where another file is there, and CosictlError where the
    file cannot be written.
    """
    shell = shell or shell_of(os.environ)
    place = place_of(shell, os.environ)
    script = SCRIPTS[shell]
    try:
        found = place.path.read_text(encoding="utf-8", errors="replace") if place.path.exists() else None
        if found is not None and found != script and not force:
            raise RefusedError(
                f"{place.path} is there already, and differs",
                next_step="look at it; --force replaces it",
            )
        if found == script:
            done = "up to date:"
        elif dry_run:
            done = "would write"
        else:
            _write(place.path.resolve(), script, _EXECUTABLE_MODE if shell is Shell.KUBECTL else _PLAIN_MODE)
            done = "wrote"
    except OSError as error:
        raise CosictlError(
            f"{place.path} cannot be written: {error.strerror}", next_step=_BY_HAND.format(shell=shell)
        ) from error
    sys.stdout.write("".join(f"{plain(line)}\n" for line in (f"{done} {place.path}", *place.remains)))


def shell_of(env: Mapping[str, str]) -> Shell:
    """Return the shell that ``$SHELL`` names; raises UsageError."""
    given = env.get("SHELL", "")
    name = PurePath(given).name
    if name in {Shell.BASH, Shell.ZSH, Shell.FISH}:
        return Shell(name)
    what = f"SHELL is {given}: there is no completion for {name}" if name else "SHELL is not set, and no shell is named"
    raise UsageError(what, next_step=f"name one: cosictl completion install {_NAMES}")


def place_of(shell: Shell, env: Mapping[str, str]) -> Place:
    """Return where the script of a shell goes for this user; raises CosictlError where there is no home directory."""
    match shell:
        case Shell.BASH:
            return _bash(env)
        case Shell.ZSH:
            return _zsh(env)
        case Shell.FISH:
            folder = _base(env, "XDG_CONFIG_HOME", ".config") / "fish" / "completions"
            return Place(path=folder / FILE_NAMES[shell], remains=("fish reads it at once, also in open shells",))
        case Shell.KUBECTL:
            return _kubectl(env)


def _bash(env: Mapping[str, str]) -> Place:
    """The folder is that of the package bash-completion, which loads a file by the name of the command."""
    own = env.get("BASH_COMPLETION_USER_DIR", "")
    folder = Path(own) if own else _base(env, "XDG_DATA_HOME", ".local/share") / "bash-completion"
    remains = (
        "new shells complete cosictl if bash-completion is installed and loaded, as most distributions do",
        "without it, add to ~/.bashrc: source <(cosictl completion bash)",
    )
    return Place(path=folder / "completions" / "cosictl", remains=remains)


def _zsh(env: Mapping[str, str]) -> Place:
    """No folder of the user is on zsh's fpath by itself."""
    folder = _base(env, "XDG_DATA_HOME", ".local/share") / "zsh" / "site-functions"
    start_up = Path(env.get("ZDOTDIR") or _home(env)) / ".zshrc"
    path = folder / FILE_NAMES[Shell.ZSH]
    if folder.as_posix() in env.get("FPATH", "").split(":"):
        return Place(path=path, remains=("its folder is on your fpath: new shells complete cosictl",))
    remains = (
        f"if they are not there yet, add these lines to {start_up}, before any other compinit, and start a new zsh:",
        f"  fpath=({shlex.quote(str(folder))} $fpath)",
        "  autoload -Uz compinit && compinit",
    )
    return Place(path=path, remains=remains)


def _kubectl(env: Mapping[str, str]) -> Place:
    """Kubectl runs a file of this name from the PATH."""
    on_path = [Path(entry) for entry in env.get("PATH", "").split(os.pathsep) if entry.startswith("/")]
    usual = _home(env) / ".local" / "bin"
    own = [entry for entry in on_path if entry.is_relative_to(_home(env)) and os.access(entry, os.W_OK)]
    folder = usual if usual in on_path or not own else own[0]
    remains = ["kubectl's own completion asks it: if that is not on yet, see kubectl completion --help"]
    if folder not in on_path:
        remains.append(f"{folder} is not on your PATH: add it in your shell's start-up file")
    if shutil.which(PLUGIN, path=env.get("PATH", "")) is None:
        remains.append(f"{PLUGIN} is not on your PATH: link it there, to cosictl or to its single-file archive")
    return Place(path=folder / FILE_NAMES[Shell.KUBECTL], remains=tuple(remains))


def _base(env: Mapping[str, str], name: str, default: str) -> Path:
    """Return a base directory of XDG; relative ones are to be ignored, says its specification."""
    given = env.get(name, "")
    return Path(given) if given.startswith("/") else _home(env) / default


def _home(env: Mapping[str, str]) -> Path:
    given = env.get("HOME", "")
    if not given.startswith("/"):
        raise CosictlError("HOME is not set, so there is no place for it", next_step="set HOME to your home directory")
    return Path(given)


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file at once or not at all; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".cosictl-")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        partial.chmod(mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
