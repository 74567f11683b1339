"""A measured row as source text, to be pasted into ``knowledge``: what a new sidecar release needs there."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from cosictl.knowledge.policy import Effect, Records
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

_INDENT: Final = " " * 12


def row_source(
    *,
    api: Api,
    effects: Mapping[Rpc, Mapping[GrpcCode, Effect | None]],
    base: float,
    cap: float | None,
    records: Records,
    edit: str,
    note: str,
) -> str:
    """Return a ``Policy`` as Python source; cells that were not measured are UNSPECIFIED, a cap not reached is none.

    The names in it are those of ``knowledge.policy``, ``model.failures`` and ``model.refs``. What nobody can measure
    (name, title, images, hazards) is left to whoever pastes it.
    """
    gap = "EVENT_GAP" if records in {Records.EVENTS, Records.EVENTS_POD_NAMESPACE} else "None"
    ends = repr(cap) if cap is not None else 'float("inf")'
    lines = [
        "MEASURED = Policy(",
        '    name="measured",',
        '    title="a sidecar that was measured",',
        f"    api=Api.{api.name},",
        "    reference=False,",
        "    effects={",
        *(f"        Rpc.{rpc.name}: {_cells(effects.get(rpc, {}))}," for rpc in Rpc),
        "    },",
        f"    backoff=Backoff(base={base!r}, cap={ends}),",
        f"    records=Records.{records.name},",
        f"    event_gap={gap},",
        f"    edit=EditEffect.{edit},",
        "    hazards=(),",
        '    source="measured with cosictl sidecars measure",',
        f"    note={note!r},",
        ")",
    ]
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[GrpcCode, Effect | None]) -> str:
    """Return one call's cells: what most codes lead to, then the exceptions."""
    known = {code: row.get(code) or Effect.UNSPECIFIED for code in GrpcCode}
    most = Counter(known.values()).most_common(1)[0][0]
    exceptions = [(code, effect) for code, effect in known.items() if effect is not most]
    start = f"dict.fromkeys(GrpcCode, Effect.{most.name})"
    if not exceptions:
        return start
    entries = [f"{_INDENT}GrpcCode.{code.name}: Effect.{effect.name}," for code, effect in exceptions]
    return "\n".join([f"{start} | {{", *entries, "        }"])
