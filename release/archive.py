"""The single-file archive, and the same as an archive for krew."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipapp
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from release import boot
from release.zips import EXECUTABLE, PLAIN, files_below, mode_of, write_tar, write_zip

LAUNCH: Final = "/usr/bin/env python3"
_KEY_DIGITS: Final = 16


def platform_name(facts: dict[str, str]) -> str:
    """Return the platform of an archive as it stands in file names: ``linux-x86_64-cp311``."""
    return f"{facts['system']}-{facts['machine']}-cp{facts['python'].split()[1].replace('.', '')}"


def facts_of(version: str) -> dict[str, str]:
    """Return what an archive built here is, and needs."""
    python = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"
    return {"version": version, "python": python, "system": sys.platform, "machine": os.uname().machine}


def build_archive(wheel: Path, target: Path, *, version: str, epoch: int) -> str:
    """Write the archive of a wheel and of all it needs; returns its file name.

    The packages come from the index that pip is configured with. Raises CalledProcessError, with pip's words on stderr.
    """
    facts = facts_of(version)
    name = f"cosictl-{version}-{platform_name(facts)}.pyz"
    with tempfile.TemporaryDirectory() as scratch:
        site, parts = Path(scratch, "site"), Path(scratch, "parts")
        parts.mkdir()
        packages = _install(wheel, site)
        described = {**facts, "name": name, "packages": packages}
        (site / boot.FACTS).write_text(_as_json(described), encoding="utf-8")
        write_zip(parts / boot.CONTENT, files_below(site), epoch=epoch, packed=True)
        digest = hashlib.sha256((parts / boot.CONTENT).read_bytes()).hexdigest()
        key = f"{name.removesuffix('.pyz')}-{digest[:_KEY_DIGITS]}"
        (parts / boot.FACTS).write_text(_as_json({**described, "key": key}), encoding="utf-8")
        shutil.copyfile(boot.__file__, parts / "__main__.py")
        shutil.copyfile(_licence(site), parts / "LICENSE")
        plain = Path(scratch, "plain.zip")
        # The content is packed already.
        write_zip(plain, [(n, content, PLAIN) for n, content, _ in files_below(parts)], epoch=epoch, packed=False)
        zipapp.create_archive(plain, target / name, interpreter=LAUNCH)
    (target / name).chmod(EXECUTABLE)
    return name


def build_plugin(archive: Path, licence: Path, target: Path, *, bin_name: str, epoch: int) -> None:
    """Write what krew unpacks: the archive under the plugin's name, and the licence."""
    members = [("LICENSE", licence.read_bytes(), PLAIN), (bin_name, archive.read_bytes(), mode_of(archive))]
    write_tar(target, members, epoch=epoch)


def _install(wheel: Path, site: Path) -> dict[str, str]:
    """Install a wheel and all it needs into a folder; returns the packages and their versions."""
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary=:all:", "--target", str(site)]
    command = [sys.executable, "-m", "pip", "install", *options, str(wheel)]
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - pip
    for leftover in ("bin", "share"):
        shutil.rmtree(site / leftover, ignore_errors=True)
    # They name folders of this machine, and the moment.
    for pattern in ("*.dist-info/direct_url.json", "*.dist-info/RECORD", "*.dist-info/REQUESTED"):
        for path in site.glob(pattern):
            path.unlink()
    return {found.name: found.version for found in sorted(distributions(path=[str(site)]), key=lambda one: one.name)}


def _licence(site: Path) -> Path:
    return next(site.glob("cosictl-*.dist-info/licenses/LICENSE"))


def _as_json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
