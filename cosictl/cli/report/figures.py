"""Figures for Prometheus: written once, or served."""

# ruff: noqa: PLC0415 - a server loads where one is asked for

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from cosictl.cli.wiring import Source
from cosictl.flows.diagnose import known_policy
from cosictl.flows.figures import figures
from cosictl.intake.files import STDIN
from cosictl.model.copying import replace
from cosictl.model.tally import Tally
from cosictl.render.prometheus import prometheus


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is read, under which policy, about which finding. An unknown policy raises UsageError."""

    source: Source
    assume: str | None
    code: str | None

    def __post_init__(self) -> None:
        if self.assume is not None:
            known_policy(self.assume)

    def take(self) -> Tally:
        """Observe and count; raises CosictlError."""
        return figures(self.source.read, asked=self.source.asked, assume=self.assume, code=self.code)

    def writer(self) -> Callable[[TextIO], object]:
        """Observe once, and return what writes the figures; raises CosictlError."""
        start = time.monotonic()
        tally = self.take()
        text = prometheus(tally, seconds=time.monotonic() - start)
        return lambda stream: stream.write(text)

    def serve(self, address: str, *, pause: float, dumps: Sequence[str]) -> int:
        """Serve the figures at an address until interrupted, and return the exit code.

        ``pause`` is in seconds: the cluster is looked at no more often. Files are read before that, for a wrong path
        is told at once; standard input only then. Raises UsageError and ListenError, and DumpError for such files.
        """
        from cosictl.cli.report.listen import parse_address, serve

        where = parse_address(address)
        take = self.take
        if dumps:
            observed = self.source.load()
            if STDIN in dumps:
                take = replace(self, source=replace(self.source, load=lambda: observed)).take
        return serve(take, where, pause=pause)
