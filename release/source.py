"""The files of the checkout, and the moment they are of."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from release.zips import mode_of

ROOT: Final = Path(__file__).resolve().parents[1]


class SourceError(Exception):
    """Git cannot say what belongs to the project, in its own words."""


def copy_source(target: Path) -> None:
    """Copy every file that git tracks, or does not ignore, with modes that do not depend on the umask.

    What a tool left behind (``build/``, caches) stays out. Raises SourceError where this is no checkout.
    """
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in sorted(filter(None, listed.split("\0"))):
        origin, copy = ROOT / name, target / name
        # A file that was removed and not yet committed is still listed.
        if origin.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, copy)
            copy.chmod(mode_of(origin))


def epoch() -> int:
    """Return the time of the last commit, in seconds; raises SourceError."""
    return int(_git("log", "-1", "--format=%ct"))


def is_changed() -> bool:
    """Whether the files differ from the last commit; raises SourceError."""
    return bool(_git("status", "--porcelain"))


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607 - git, with words of ours
    except FileNotFoundError:
        raise SourceError("git is needed to build a release") from None
    except subprocess.CalledProcessError as error:
        raise SourceError(f"a release is built from a git checkout: {error.stderr.strip()}") from None
    return done.stdout
