"""The start of the single-file archive: it becomes ``__main__.py`` there.

The archive holds ``archive.json`` (what it is, and what it needs) and ``site.zip`` (the program and all packages).
Extension modules cannot be loaded from inside an archive: ``site.zip`` is unpacked once into the cache folder of the
user, and from then on run from there. Where that cannot be, it is unpacked for one run.

Every Python from 3.6 on must be able to read this file, so that it can say which one it needs.
"""

import json
import os
import sys
import zipimport

FACTS = "archive.json"
CONTENT = "site.zip"


class Refusal(Exception):  # noqa: N818 - it is the sentence that is printed
    """Why the program cannot start, in one line."""


def main() -> int:
    """Unpack where needed, and run; returns the exit code."""
    archive = os.path.dirname(__file__)  # noqa: PTH120 - pathlib costs a tenth of the start
    facts = json.loads(zipimport.zipimporter(archive).get_data(FACTS))
    try:
        check(facts)
        folder = provide(archive, facts)
    except Refusal as refusal:
        say(str(refusal))
        return 1
    sys.path[0] = folder
    from cosictl.__main__ import main as run  # noqa: PLC0415 - it is there only now

    return run()


def check(facts: "dict[str, str]") -> None:
    """See that the packages in the archive fit; another Python that fits is started instead. Raises Refusal."""
    machine = os.uname().machine
    if (sys.platform, machine) != (facts["system"], facts["machine"]):
        raise Refusal(f"this file is for {facts['system']} {facts['machine']}, and this is {sys.platform} {machine}")
    found = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"
    if found == facts["python"]:
        return
    import shutil  # noqa: PLC0415 - never needed where all is well

    name = f"python{facts['python'].split()[1]}"
    other = shutil.which(name)
    if other is not None and os.path.basename(sys.executable) != name:  # noqa: PTH119 - as above
        os.execv(other, [other, *sys.argv])  # noqa: S606 - a Python by its full path
    raise Refusal(
        f"this file needs {facts['python']}, and this is {found}; install {name}, or take the file for your Python"
    )


def provide(archive: str, facts: "dict[str, str]") -> str:
    """Return a folder with the content: that of an earlier run, a new one, or one for this run only."""
    folder = os.path.join(home(), facts["key"])  # noqa: PTH118 - as above
    trouble = ""
    try:
        if is_ours(folder):
            return folder
        return unpack(archive, folder)
    except OSError as error:
        trouble = f"{os.path.dirname(folder)} cannot be used: {error.strerror or error}"  # noqa: PTH120 - as above
    return for_this_run(archive, trouble)


def home() -> str:
    """Return the folder that unpacked archives lie in."""
    # Relative paths are to be ignored, says the XDG Base Directory Specification.
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = cache if cache.startswith("/") else os.path.expanduser("~/.cache")  # noqa: PTH111 - as above
    return os.path.join(base, "cosictl")  # noqa: PTH118 - as above


def is_ours(folder: str) -> bool:
    """Whether the folder is there; raises PermissionError where somebody else could have put code into it."""
    for path in (os.path.dirname(folder), folder):  # noqa: PTH120 - as above
        try:
            found = os.stat(path)  # noqa: PTH116 - as above
        except FileNotFoundError:
            return False
        if found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise PermissionError(0, "others may write to it")
    return True


def unpack(archive: str, folder: str) -> str:
    """Unpack into a folder, which is complete as soon as it is there; returns it. Raises OSError."""
    import shutil  # noqa: PLC0415 - once
    import tempfile  # noqa: PLC0415 - once

    parent = os.path.dirname(folder)  # noqa: PTH120 - as above
    if not folder.startswith("/"):
        raise NotADirectoryError(0, "there is no home directory")
    os.makedirs(parent, mode=0o700, exist_ok=True)  # noqa: PTH103 - as above
    partial = tempfile.mkdtemp(prefix=".unpacking-", dir=parent)
    try:
        extract(archive, partial)
        os.rename(partial, folder)  # noqa: PTH104 - as above
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        # Another run may have been first.
        if not is_ours(folder):
            raise
    return folder


def for_this_run(archive: str, trouble: str) -> str:
    """Unpack into a folder that goes with the process; returns it. Raises Refusal."""
    import atexit  # noqa: PLC0415 - rarely
    import shutil  # noqa: PLC0415 - rarely
    import tempfile  # noqa: PLC0415 - rarely

    hint = "set XDG_CACHE_HOME to a folder of your own"
    try:
        folder = tempfile.mkdtemp(prefix="cosictl-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        extract(archive, folder)
    except OSError as error:
        raise Refusal(f"{trouble}, nor {tempfile.gettempdir()}: {error.strerror or error}; {hint}") from None
    say(f"{trouble}; unpacked for this run only, which is slow; {hint}")
    return folder


def extract(archive: str, folder: str) -> None:
    """Unpack the content; raises OSError."""
    import zipfile  # noqa: PLC0415 - once

    with zipfile.ZipFile(archive) as outer, outer.open(CONTENT) as stored, zipfile.ZipFile(stored) as content:
        content.extractall(folder)


def say(line: str) -> None:
    """Print one line on stderr."""
    sys.stderr.write(f"cosictl: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
