"""Build a release into ``dist/``: ``python -m release [--address URL]`` (or ``make dist``)."""

import argparse
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from cosictl import __version__
from release import archive, krew, source
from release.zips import PLAIN, files_below, write_tar

NOWHERE: Final = "https://example.com/cosictl"
SUMS: Final = "SHA256SUMS"


def main() -> int:
    """Build everything; returns the exit code."""
    options = _options()
    target: Path = options.target.resolve()
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    try:
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or source.epoch())
        with tempfile.TemporaryDirectory() as scratch:
            source.copy_source(Path(scratch))
            wheel = build_packages(Path(scratch), target, epoch)
        changed = source.is_changed()
        name = archive.build_archive(target / wheel, target, version=__version__, epoch=epoch)
    except source.SourceError as error:
        _say(str(error))
        return 1
    except subprocess.CalledProcessError as error:
        _say(f"{error.cmd[2]} failed: {error.stderr or error.stdout}")
        return 1
    _plugin(target, name, options.address, epoch)
    _sums(target)
    if changed:
        _say("uncommitted changes are in it: only the files of a commit give the same bytes again")
    if options.address == NOWHERE:
        _say(f"{krew.NAME}.yaml names {NOWHERE}; give --address (make dist ADDRESS=…) before you publish it")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m release", description="Build a release.")
    parser.add_argument("--target", type=Path, default=source.ROOT / "dist", help="the folder, emptied first")
    parser.add_argument("--address", default=NOWHERE, help="where the files of all releases will be, https://…")
    found = parser.parse_args()
    if not found.address.startswith("https://"):
        parser.error("--address: krew takes plugins from https addresses")
    return found


def build_packages(tree: Path, target: Path, epoch: int) -> str:
    """Build wheel and sdist of a source tree; returns the wheel's file name."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(tree)]
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    # The modes of what it makes are in the wheel.
    subprocess.run(command, check=True, env=env, umask=0o022, capture_output=True, text=True)
    for made in target.glob("*.tar.gz"):
        _again(made, epoch)
    return next(target.glob("*.whl")).name


def _again(sdist: Path, epoch: int) -> None:
    """Pack a source distribution again: setuptools writes times of this machine into it."""
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(sdist) as packed:
            packed.extractall(scratch, filter="data")
        write_tar(sdist, files_below(Path(scratch)), epoch=epoch)


def _plugin(target: Path, name: str, address: str, epoch: int) -> None:
    """Make the archive and the manifest for krew."""
    facts = archive.facts_of(__version__)
    packed = target / f"kubectl-{krew.NAME}-{__version__}-{archive.platform_name(facts)}.tar.gz"
    archive.build_plugin(target / name, source.ROOT / "LICENSE", packed, bin_name=krew.BIN, epoch=epoch)
    made = krew.manifest(
        **facts, address=f"{address.rstrip('/')}/v{__version__}/{packed.name}", sha256=digest_of(packed)
    )
    (target / f"{krew.NAME}.yaml").write_text(krew.as_yaml(made), encoding="utf-8")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sums(target: Path) -> None:
    """Write the checksums, as ``sha256sum --check`` reads them."""
    lines = [f"{digest_of(path)}  {path.name}\n" for path in sorted(target.iterdir())]
    (target / SUMS).write_text("".join(lines), encoding="utf-8")
    (target / SUMS).chmod(PLAIN)


def _say(line: str) -> None:
    sys.stderr.write(f"release: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
