"""The journal of a run: what was about to be done, and what came of it; and the backups beside it.

One file per run, one JSON object per line, only ever appended to, each line on the disk before the next thing
happens. A last line that is cut off was never finished and does not count; a broken one before it is an error.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cosictl.errors import JournalError, NotFoundError
from cosictl.model.plan import Plan, Result
from cosictl.remedy.document import plan_document, read_plan

SUFFIX: Final = ".jsonl"
# What a line of each step can take; kept aside, so that a disk that fills up cannot silence the journal.
_RESERVE_STEP: Final = 16 * 1024
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What a journal says of one step. ``result`` None: it was begun, and nothing is known of its end."""

    values: Mapping[str, str]
    before: str
    backup: str
    result: Result | None = None
    words: str = ""
    remains: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A journal as read: the plan, who ran it and when, and the last word on each step by its number from 1."""

    id: str
    path: Path
    plan: Plan
    at: str
    by: str
    steps: Mapping[int, StepRecord] = field(default_factory=dict)
    confirmed: frozenset[str] = frozenset()
    finished: bool = False
    torn: bool = False


_CHANGED: Final = "the file was changed after it was written"
# How a run is named, or how its name begins; a day at least.
_ID: Final = re.compile(r"\d{4}[0-9TZ]*(?:-[0-9a-f]*)?")


class Journal:
    """A journal that is being written; close it. Lines are on the disk when ``append`` returns."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._reserve = path.with_suffix(".reserve")

    @property
    def run_id(self) -> str:
        """The run this is about."""
        return self.path.stem

    @classmethod
    def create(cls, folder: Path, plan: Plan, *, at: datetime, by: str) -> "Journal":
        """Begin a journal; raises JournalError where the folder cannot be written to or the disk is full."""
        run_id = f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03}Z-{secrets.token_hex(3)}"
        path = folder / f"{run_id}{SUFFIX}"
        try:
            folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            (folder / run_id).mkdir(mode=_PRIVATE_FOLDER)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            journal = cls(path, descriptor)
            journal.reserve(len(plan.steps))
            _sync_folder(folder)
        except OSError as error:
            raise _unwritable(folder, error) from error
        journal.append({"type": "run", "run": run_id, "at": at.isoformat(), "by": by, "plan": plan_document(plan)})
        return journal

    @classmethod
    def reopen(cls, path: Path, *, torn: bool, at: datetime) -> "Journal":
        """Go on with a journal, and say so in it; raises JournalError where another process is at it."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError(f"{path}: another run of it is going on", next_step="wait for it to end") from error
        except OSError as error:
            raise _unwritable(path, error) from error
        journal = cls(path, descriptor)
        # What was cut off stays in its own line, where readers skip it.
        journal._write((b"\n" if torn else b"") + _line({"type": "resumed", "at": at.isoformat()}))
        return journal

    def reserve(self, steps: int) -> None:
        """Keep room on the disk for the lines to come; raises OSError."""
        with open(self._reserve, "wb") as file:  # noqa: PTH123 - posix_fallocate wants its descriptor
            os.posix_fallocate(file.fileno(), 0, _RESERVE_STEP * (steps + 2))

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line; raises JournalError."""
        self._write(_line(line))

    def backup(self, uid: str, number: int, tree: Mapping[str, Any]) -> str:
        """Keep an object as it was, for its owner's eyes only; return the file's name. Raises JournalError."""
        name = f"{uid or 'none'}-{number}.json"
        path = self.path.with_suffix("") / name
        body = json.dumps(tree, ensure_ascii=True, indent=1).encode()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            _sync_folder(path.parent)
        except OSError as error:
            raise _unwritable(path, error) from error
        return f"{self.run_id}/{name}"

    def close(self) -> None:
        """End it; the room kept aside is given back."""
        with contextlib.suppress(OSError):
            self._reserve.unlink()
        os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        try:
            self.put(data)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT} or not self._reserve.exists():
                raise _unwritable(self.path, error) from error
            self._reserve.unlink()
            try:
                self.put(data)
            except OSError as again:
                raise _unwritable(self.path, again) from again

    def put(self, data: bytes) -> None:
        """Write bytes to the end and wait until they are on the disk; raises OSError."""
        sent = 0
        while sent < len(data):
            sent += os.write(self._descriptor, data[sent:])
        os.fsync(self._descriptor)


def read_run(path: Path) -> Run:
    """Read a journal; raises JournalError for one that is broken before its last line, or holds no plan."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error
    lines = list(_lines(data, path))
    if not lines or lines[0].get("type") != "run":
        raise JournalError(f"{path}: is no journal", next_step="cosictl journal list shows those there are")
    try:
        return _run(path, lines, torn=not data.endswith(b"\n"))
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"{path}: a line lacks what it must have ({error})", meaning=_CHANGED) from None


def _run(path: Path, lines: Sequence[Mapping[str, Any]], *, torn: bool) -> Run:
    head, plan = lines[0], read_plan(lines[0]["plan"])
    steps: dict[int, StepRecord] = {}
    confirmed: set[str] = set()
    for line in lines[1:]:
        if line.get("type") not in {"begin", "end"}:
            continue
        number = int(line["step"])
        if not 1 <= number <= len(plan.steps):
            raise ValueError(f"step {number} of {len(plan.steps)}")
        steps[number] = _begun(line) if line["type"] == "begin" else _ended(steps.get(number), line)
        confirmed |= set(line.get("confirmed") or ())
    return Run(
        id=str(head["run"]),
        path=path,
        plan=plan,
        at=str(head["at"]),
        by=str(head["by"]),
        steps=steps,
        confirmed=frozenset(confirmed),
        finished=any(line.get("type") == "finish" for line in lines),
        torn=torn,
    )


def find_run(folder: Path, name: str) -> Path:
    """Return the journal that a path or a run's ID (or its beginning) names; raises NotFoundError."""
    given = Path(name)
    if given.is_file():
        return given
    found = sorted(folder.glob(f"{name}*{SUFFIX}")) if _ID.fullmatch(name) else []
    if len(found) == 1:
        return found[0]
    what = f"no run {name} in {folder}" if not found else f"{name} fits {len(found)} runs"
    raise NotFoundError(what, next_step="cosictl journal list shows them")


def runs_in(folder: Path) -> tuple[Path, ...]:
    """Return the journals of a folder, the oldest first."""
    return tuple(sorted(folder.glob(f"*{SUFFIX}"))) if folder.is_dir() else ()


def read_backup(run: Run, record: StepRecord) -> dict[str, Any] | None:
    """Return a backed-up object, None where there is none; raises JournalError for one that cannot be read."""
    if not record.backup:
        return None
    path = run.path.parent / record.backup
    try:
        tree = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise JournalError(f"backup {path} cannot be read: {error}") from error
    return dict(tree)


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _begun(line: Mapping[str, Any]) -> StepRecord:
    return StepRecord(
        values=dict(line["values"]), before=str(line["before"]), backup=str(line["backup"]), at=str(line["at"])
    )


def _ended(begun: StepRecord | None, line: Mapping[str, Any]) -> StepRecord:
    return StepRecord(
        values=begun.values if begun is not None else {},
        before=begun.before if begun is not None else "",
        backup=begun.backup if begun is not None else "",
        result=Result(line["result"]),
        words=str(line["words"]),
        remains=str(line.get("remains") or ""),
        at=str(line["at"]),
    )


def _lines(data: bytes, path: Path) -> Iterator[Mapping[str, Any]]:
    whole = data.split(b"\n")
    for number, text in enumerate(whole, 1):
        if not text.strip():
            continue
        line = _parsed(text)
        if line is not None:
            yield line
        elif not _is_torn(whole[number:]):
            raise JournalError(f"{path}: line {number} is broken", meaning=_CHANGED)


def _parsed(text: bytes) -> Mapping[str, Any] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def _is_torn(following: Sequence[bytes]) -> bool:
    """Whether a broken line is one that an interruption cut off: nothing follows it, or a run that goes on says so."""
    for text in following:
        if text.strip() and (line := _parsed(text)) is not None:
            return bool(line.get("type") == "resumed")
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"{path} cannot be written: {error.strerror or error}",
        meaning="nothing is changed without a journal and a backup",
        next_step="give another place with --journal-dir",
    )
