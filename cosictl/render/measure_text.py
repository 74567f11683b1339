"""What a sidecar was measured to do: one table for people, one document for programs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from cosictl.knowledge.policy import EditEffect, Effect, Records
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from cosictl.render.console import Out
from cosictl.render.measure_row import row_source
from cosictl.render.safe import escape, wrap

API_VERSION: Final = "cosictl.dev/v1alpha1"
KIND: Final = "SidecarMeasurement"
SHORT: Final[Mapping[Rpc, str]] = {
    Rpc.CREATE: "Create",
    Rpc.GET_EXISTING: "GetExisting",
    Rpc.DELETE: "Delete",
    Rpc.GRANT: "Grant",
    Rpc.REVOKE: "Revoke",
}
_LABEL: Final = 14
_COLUMN: Final = 14
_UNKNOWN: Final = "?"
_ENDLESS_NOTE: Final = "The cap was not reached. "


class CellLike(Protocol):
    """What follows one answer; ``why`` where that could not be told."""

    @property
    def effect(self) -> Effect | None:
        """The effect."""

    @property
    def recorded(self) -> bool | None:
        """Whether the failure is written on the object."""

    @property
    def calls(self) -> int:
        """How many answers were given."""

    @property
    def why(self) -> str:
        """Why there is no effect."""


class FittedLike(Protocol):
    """A backoff, in seconds."""

    @property
    def base(self) -> float | None:
        """The first pause."""

    @property
    def factor(self) -> float | None:
        """How pauses grow."""

    @property
    def cap(self) -> float | None:
        """The longest pause."""


class MeasurementLike(Protocol):
    """The measured row."""

    @property
    def api(self) -> Api | None:
        """The version, None where it is not known."""

    @property
    def cells(self) -> Mapping[Rpc, Mapping[GrpcCode, CellLike]]:
        """The cells."""

    @property
    def backoff(self) -> FittedLike | None:
        """The backoff."""

    @property
    def records(self) -> Records | None:
        """Where failures are recorded."""

    @property
    def edit(self) -> EditEffect | None:
        """What an edit does."""

    @property
    def notes(self) -> Sequence[str]:
        """What else was not measured, and why."""


class DifferenceLike(Protocol):
    """One difference from a known row."""

    @property
    def policy(self) -> str:
        """The row."""

    @property
    def field(self) -> str:
        """The field of it."""

    @property
    def measured(self) -> str:
        """What was measured."""

    @property
    def known(self) -> str:
        """What the row says."""


class ClosestLike(Protocol):
    """The known rows that come closest."""

    @property
    def policies(self) -> Sequence[str]:
        """The rows."""

    @property
    def references(self) -> Sequence[str]:
        """Reference rows that fit equally well."""

    @property
    def differences(self) -> Sequence[DifferenceLike]:
        """Where they differ."""


def measurement_document(found: MeasurementLike, closest: ClosestLike) -> dict[str, Any]:
    """Return the measurement for programs. Times are in seconds; null is what was not measured."""
    fitted = found.backoff
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "cosiVersion": str(found.api) if found.api else None,
        "effects": {
            SHORT[rpc]: {code.value: _word(cell.effect) for code, cell in row.items()}
            for rpc, row in found.cells.items()
        },
        "backoff": {
            "base": _rounded(fitted.base) if fitted else None,
            "factor": _rounded(fitted.factor) if fitted else None,
            "cap": _rounded(fitted.cap) if fitted else None,
        },
        "records": _word(found.records),
        "edit": _word(found.edit),
        "closestKnown": {
            "policies": list(closest.policies),
            "references": list(closest.references),
            "differences": [
                {"policy": one.policy, "field": _field(one.field), "measured": one.measured, "known": one.known}
                for one in closest.differences
            ],
        },
        "cells": [
            {"rpc": SHORT[rpc], "code": code.value, "calls": cell.calls, "recorded": cell.recorded}
            for rpc, row in found.cells.items()
            for code, cell in row.items()
            if cell.calls
        ],
        "notMeasured": list(not_measured(found)),
        "row": ready_row(found, closest),
    }


def not_measured(found: MeasurementLike) -> Sequence[str]:
    """Return what could not be told and why, cells of one call and one reason together."""
    groups: dict[tuple[Rpc, str], list[str]] = {}
    for rpc, row in found.cells.items():
        for code, cell in row.items():
            if cell.effect is None:
                groups.setdefault((rpc, cell.why), []).append(code.value)
    lines = [f"{SHORT[rpc]} ({_codes(codes)}): {why}" for (rpc, why), codes in groups.items()]
    if found.backoff is None:
        lines.append("backoff: no create was retried")
    elif found.backoff.cap is None:
        lines.append("backoff.cap: it was not reached; watch longer with --for")
    return [*lines, *found.notes]


def _codes(codes: Sequence[str]) -> str:
    """Name some codes; of most of them those that are missing."""
    others = [code.value for code in GrpcCode if code.value not in codes]
    if not others:
        return "every code"
    return ", ".join(codes) if len(codes) < len(others) else f"every code but {', '.join(others)}"


def ready_row(found: MeasurementLike, closest: ClosestLike) -> str | None:
    """Return source text for ``knowledge`` where no known row fits; None where one does, or too little is known."""
    fitted = found.backoff
    if (closest.policies and not closest.differences) or found.api is None:
        return None
    if fitted is None or fitted.base is None or found.records is None or found.edit is None:
        return None
    growth = "" if fitted.factor == 2 else f"Its pauses grow by {fitted.factor:g}, not by 2. "
    endless = "" if fitted.cap is not None else _ENDLESS_NOTE
    return row_source(
        api=found.api,
        effects={rpc: {code: cell.effect for code, cell in row.items()} for rpc, row in found.cells.items()},
        base=_rounded(fitted.base) or fitted.base,
        cap=_rounded(fitted.cap),
        records=found.records,
        edit=found.edit.name,
        note=f"{endless}{growth}".strip(),
    )


def print_measurement(found: MeasurementLike, closest: ClosestLike, out: Out) -> None:
    """Print the table, what was fitted, the known rows, and what is missing."""
    _table(found, out)
    out.line()
    fitted = found.backoff
    if fitted is not None:
        cap = f"up to {_seconds(fitted.cap)}" if fitted.cap is not None else "no cap reached"
        factor = f"times {fitted.factor:g}" if fitted.factor is not None else "growth not seen"
        _line(out, "backoff", f"from {_seconds(fitted.base)}, {factor}, {cap}")
    _line(out, "records", _word(found.records) or "not measured")
    _line(out, "an edit", _word(found.edit) or "not measured")
    _line(out, "closest known", _closest_words(closest))
    for one in closest.differences:
        _line(out, "", f"{one.policy}: {_field(one.field)} is {one.measured}, not {one.known}")
    for words in not_measured(found):
        _line(out, "not measured", words)
    row = ready_row(found, closest)
    if row is not None:
        out.line()
        out.line("# No known row is like this. For cosictl/knowledge, with a name, a title and its images:")
        for line in row.splitlines():
            out.line(escape(line))


def _table(found: MeasurementLike, out: Out) -> None:
    width = max(len(code.value) for code in GrpcCode) + 2
    names = [SHORT[rpc] for rpc in found.cells]
    out.line("".join([f"{'':<{width}}", *(f"{name:<{_COLUMN}}" for name in names)]).rstrip(), style="bold")
    for code in GrpcCode:
        words = [_word(row[code].effect) or _UNKNOWN for row in found.cells.values()]
        out.line("".join([f"{code.value:<{width}}", *(f"{word:<{_COLUMN}}" for word in words)]).rstrip())


def _closest_words(closest: ClosestLike) -> str:
    if not closest.policies:
        return "nothing was measured that could be compared"
    names = ", ".join(closest.policies)
    beside = f"; the reference {', '.join(closest.references)} fits as well" if closest.references else ""
    exact = "" if not closest.differences else f" ({len(closest.differences)} differences)"
    return f"{names}{exact}{beside}"


def _line(out: Out, label: str, words: str) -> None:
    lead = f"{label:<{_LABEL}} "
    for line in wrap(escape(words), out.width, lead, " " * len(lead)):
        out.line(line)


def _field(name: str) -> str:
    """Spell a cell as people do: ``Create/Internal``."""
    rpc, slash, code = name.partition("/")
    known = {rpc.value: short for rpc, short in SHORT.items()}
    return f"{known.get(rpc, rpc)}{slash}{code}"


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def _rounded(value: float | None) -> float | None:
    """Round to three digits that mean something: a measurement has no more."""
    return None if value is None else float(f"{value:.3g}")


def _seconds(value: float | None) -> str:
    return "an unknown start" if value is None else f"{value:.3g} s" if value < 1000 else f"{value:.0f} s"
