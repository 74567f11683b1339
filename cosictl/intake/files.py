"""Reading files: folders, single files and standard input become one Snapshot.

In: paths as the user gave them. Out: a Snapshot whose "now" is ``--as-of``, else the dump's own time, else the
newest time found. A file that was named is read or is an error; a folder is searched, and what is no dump in it
is skipped and counted, while a dump in it that is broken is reported as something that could not be decoded.
"""

import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct, field

from cosictl.errors import DumpError
from cosictl.intake import dump
from cosictl.intake.blocks import ListHead, pieces_of, split
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.documents import BrokenDumpError, EmptyDumpError, NoDumpError, json_documents
from cosictl.intake.kinds import is_read
from cosictl.intake.lenient import UndecodableError, decode
from cosictl.intake.logfiles import SUFFIX as LOG_SUFFIX
from cosictl.intake.wire import Wire, moment
from cosictl.model.refs import RESOURCES
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, TimeBasis, Undecoded

STDIN = "-"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RECORD_HINT = "kubectl get … -o json or -o yaml output, a folder of such files, or the output of cosictl snapshot"


class _Document(Wire):
    """What tells the kinds of documents apart."""

    api_version: str = ""
    kind: str = ""
    taken_at: datetime | None = None


class _Intake(Struct):
    """What has been learnt from the files so far."""

    builder: SnapshotBuilder
    logs: bool = False
    times: list[datetime] = field(default_factory=list)
    scopes: set[tuple[str, ...]] = field(default_factory=set)


def read_dump(
    paths: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    as_of: datetime | None = None,
    clock: datetime | None = None,
) -> Snapshot:
    """Read files, folders and ``-`` into one Snapshot; raises ``DumpError``. See ``load_dump``."""
    return load_dump(paths, stdin=stdin, as_of=as_of, clock=clock)[1]


def load_dump(
    paths: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    as_of: datetime | None = None,
    clock: datetime | None = None,
    keep_raw: bool = False,
    keep_exact: bool = False,
    logs: bool = False,
) -> tuple[SnapshotBuilder, Snapshot]:
    """Read files, folders and ``-``; with ``keep_raw`` the builder can then be written as a dump.

    ``keep_exact`` is the builder's. With ``logs`` the builder names the logs found in folders, which are not read here:
    they may be larger than memory.
    ``clock`` is the time to assume where the files hold none at all. Raises ``DumpError``.
    """
    builder = SnapshotBuilder(source=", ".join(paths), keep_raw=keep_raw, keep_exact=keep_exact)
    intake = _Intake(builder, logs=logs)
    for path in dict.fromkeys(paths):
        if path != STDIN and Path(path).is_dir():
            _read_folder(Path(path), path, intake)
        else:
            _read_named(path, stdin, intake)
    for resource in sorted(set(RESOURCES.values()) - builder.seen):
        builder.note(ReadStatus(resource=resource, outcome=ReadOutcome.NOT_IN_DUMP))
    taken_at, basis = _now(intake, as_of, clock)
    covers_all = not intake.scopes or () in intake.scopes
    namespaces = () if covers_all else tuple({name for scope in intake.scopes for name in scope})
    return builder, builder.build(taken_at=taken_at, basis=basis, namespaces=namespaces)


def _now(intake: _Intake, as_of: datetime | None, clock: datetime | None) -> tuple[datetime, TimeBasis]:
    if as_of is not None:
        return as_of, TimeBasis.AS_OF
    if intake.times:
        return max(intake.times), TimeBasis.DUMP
    newest = intake.builder.newest()
    if newest is not None:
        return newest, TimeBasis.NEWEST
    return clock or _EPOCH, TimeBasis.LOCAL


def _read_named(path: str, stdin: BinaryIO | None, intake: _Intake) -> None:
    """Read a file the user named: whatever is wrong with it is an error."""
    shown = "standard input" if path == STDIN else path
    try:
        recognised = _read_file(stdin or sys.stdin.buffer, path, intake) if path == STDIN else _read_path(path, intake)
    except EmptyDumpError:
        raise DumpError(
            f"{shown}: is empty",
            meaning="the command that should have filled it printed nothing",
            next_step=f"record it again: {_RECORD_HINT}",
        ) from None
    except BrokenDumpError as error:
        raise DumpError(
            f"{shown}: cannot be read to its end: {error}",
            meaning="the file is cut off or was edited",
            next_step="record it again",
        ) from None
    except NoDumpError as error:
        raise _no_dump(shown, str(error)) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL byte
        reason = error.strerror if isinstance(error, OSError) else None
        raise DumpError(
            f"{shown}: cannot be read: {reason or error}",
            next_step="check the path and its permissions",
        ) from None
    if not recognised:
        raise _no_dump(shown, "it holds no Kubernetes object")


def _no_dump(shown: str, reason: str) -> DumpError:
    return DumpError(f"{shown}: is no dump: {reason}", next_step=f"give -f {_RECORD_HINT}")


def _read_folder(folder: Path, given: str, intake: _Intake) -> None:
    """Read a folder and everything below it, in the order of the names."""
    builder, found = intake.builder, False
    for path in _files_below(folder):
        if intake.logs and path.suffix == LOG_SUFFIX:
            builder.log_files.append(str(path))
            continue
        try:
            recognised = _read_path(str(path), intake)
        except NoDumpError:
            recognised = False
        except (BrokenDumpError, DumpError, OSError) as error:
            reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            name = path.relative_to(folder).as_posix()
            builder.add_undecoded(Undecoded(kind="File", namespace="", name=name, source=str(path), reason=reason))
            recognised = True
        found = found or recognised
        builder.skipped_files += not recognised
    if not found:
        raise DumpError(
            f"{given}: no file in this folder is a dump",
            meaning=f"{builder.skipped_files} files were looked at",
            next_step=f"give -f {_RECORD_HINT}",
        )


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield regular files; devices, pipes and folders behind links are not followed."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(parent, name)
            try:
                regular = stat.S_ISREG(path.stat().st_mode)
            except OSError:
                regular = True  # let reading it say what is wrong
            if regular:
                yield path


def _read_path(path: str, intake: _Intake) -> bool:
    with Path(path).open("rb") as file:
        return _read_file(file, path, intake)


def _read_file(file: BinaryIO, path: str, intake: _Intake) -> bool:
    """Take every document of one file, all or none of them; tells whether any was part of a dump."""
    part = intake.builder.part()
    own = _Intake(part, times=intake.times, scopes=intake.scopes)

    def take(block: bytes, head: ListHead) -> bool:
        kind = _kind_of_items(head)
        return kind is not None and part.add_block(block, origin=path, kind=kind, api_version=head.api_version)

    rest = split(pieces_of(file), take)
    if not rest.strip():
        raise EmptyDumpError
    recognised = False
    for document in json_documents(rest):
        recognised = _take(document, path, own) or recognised
    intake.builder.absorb(part)
    return recognised


def _kind_of_items(head: ListHead) -> str | None:
    """Return what a list says its items are, "" where it leaves that to them; None where it is no list of ours."""
    if head.kind in {"", "List"}:
        return ""
    if head.kind == dump.KIND:
        return "" if head.api_version == dump.API_VERSION else None
    kind = head.kind.removesuffix("List")
    return kind if kind != head.kind and is_read(head.api_version, kind) else None


def _take(document: bytes, path: str, intake: _Intake) -> bool:
    try:
        head = decode(document, _Document)
    except UndecodableError:
        return False
    builder = intake.builder
    if head.api_version.partition("/")[0] == dump.API_VERSION.partition("/")[0]:
        if head.kind != dump.KIND:
            # What we concluded of a cluster is none of its objects, and no sign that it has none.
            raise NoDumpError(f"it is a {head.kind or 'document'} that cosictl wrote")
        facts = dump.read_own_dump(document, builder, origin=path)
        intake.times += [facts.taken_at] if facts.taken_at else []
        intake.scopes.add(facts.namespaces)
        return True
    if head.kind and head.api_version:
        intake.scopes.add(())
        if head.kind == "List":
            page = builder.add_list(document, origin=path)
            builder.seen |= set() if page.items else _resources_named(path)
        elif is_read(head.api_version, head.kind.removesuffix("List")) and head.kind.endswith("List"):
            builder.add_list(document, origin=path)
        else:
            builder.add(document, origin=path)
        return True
    taken_at = moment(head.taken_at)
    intake.times += [taken_at] if taken_at else []
    return taken_at is not None


def _resources_named(path: str) -> set[str]:
    """Return the resources a file is named after: an empty list in ``events.json`` is one of events."""
    words = set(re.split(r"[^a-z]+", Path(path).name.lower()))
    return words & set(RESOURCES.values())
