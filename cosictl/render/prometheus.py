"""Figures as Prometheus reads them: its text format, version 0.0.4.

The format is a few lines of rules (prometheus.io/docs/instrumenting/exposition_formats), so no client library is
loaded: those keep figures that grow in one process, and these are made anew from every observation.

A figure that is not known is left out. A zero says that there is none, so it is only written where everything was read.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Final

from cosictl import __version__
from cosictl.model.refs import Kind
from cosictl.model.report import Outlook
from cosictl.model.tally import Tally
from cosictl.render.safe import escape

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# Stands among the resources for the cluster, or the files, as a whole.
_ALL: Final = "cluster"
_KINDS: Final = (Kind.BUCKET, Kind.CLAIM, Kind.ACCESS)

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


def prometheus(tally: Tally | None, *, seconds: float) -> str:
    """Return the text. ``tally`` is None where nothing could be read; ``seconds`` is how long that took."""
    return "".join(
        (
            _family("up", "Whether there was a diagnosis.", [({}, float(tally is not None and tally.tells))]),
            _family("build_info", "The version of cosictl that made these figures.", [({"version": __version__}, 1)]),
            _family("scrape_duration_seconds", "How long reading and diagnosing took.", [({}, seconds)]),
            _family(
                "read_errors",
                "What could not be read or decoded, by resource; any makes all that follows incomplete.",
                _errors(tally),
            ),
            _family(
                "data_timestamp_seconds",
                "The moment that these figures are about, by the clock of what was read.",
                [] if tally is None else [({}, tally.taken_at.timestamp())],
            ),
            *(() if tally is None else _figures(tally)),
        )
    )


def _figures(tally: Tally) -> Iterable[str]:
    yield _family("objects", "Objects by kind and outlook.", _objects(tally))
    yield _family(
        "stuck_objects",
        "Objects and Pods that stay as they are until somebody acts, by finding, outlook and driver.",
        [
            ({"finding": finding, "outlook": outlook.value, "driver": driver}, count)
            for (finding, outlook, driver), count in sorted(tally.stuck.items())
        ],
    )
    yield _family(
        "stuck_oldest_age_seconds",
        "For how long the oldest of them has been stuck, by finding and driver, as far as can be seen.",
        [({"finding": finding, "driver": driver}, age) for (finding, driver), age in sorted(tally.oldest.items())],
    )
    yield _family(
        "wasted_calls_per_hour",
        "Calls to a driver that its loops make in vain, once their delays have grown; an estimate.",
        [({"driver": driver}, calls) for driver, calls in sorted(tally.wasted.items()) if calls or tally.whole],
    )


def _errors(tally: Tally | None) -> list[Sample]:
    if tally is None:
        return [({"resource": _ALL}, 1)]
    return [({"resource": name}, count) for name, count in ((_ALL, 0), *sorted(tally.errors.items()))]


def _objects(tally: Tally) -> list[Sample]:
    counted = ((kind, outlook, tally.objects.get((kind, outlook), 0)) for kind, outlook in product(_KINDS, Outlook))
    return [
        ({"kind": kind.value, "outlook": outlook.value}, count)
        for kind, outlook, count in counted
        if count or tally.whole
    ]


def _family(name: str, words: str, samples: Iterable[Sample]) -> str:
    """Return one metric with all its samples; every one of ours may go up and down."""
    full = f"cosictl_{name}"
    lines = [f"# HELP {full} {words}", f"# TYPE {full} gauge"]
    lines += [f"{full}{_labels(labels)} {_number(value)}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items()) + "}"


def _quoted(value: str) -> str:
    r"""Spell out what is no visible ASCII, then escape as the format wants it: ``\\`` and ``\"``; no line end is left.

    An output that is not UTF-8 would spell the rest out in its own way, which the format does not know.
    """
    plain = escape(value).encode("ascii", "backslashreplace").decode("ascii")
    return plain.replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
