"""The options of ``report`` about serving figures instead of writing them once."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from cosictl.cli.options import parse_duration
from cosictl.errors import UsageError

# As often as the usual scrape interval needs, and as rarely as an API server with many scrapers wants it.
INTERVAL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOptions:
    """What was given of them."""

    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Serve -o prometheus at this address, until interrupted."),
    ] = None
    interval: Annotated[
        str | None,
        typer.Option("--interval", metavar="TIME", help="With --listen: look at the cluster at most this often (10s)."),
    ] = None

    def seconds(self, output: str | None, output_file: str | None) -> float:
        """Return the interval in seconds; raises UsageError where the options do not fit together."""
        if self.listen is None:
            if self.interval is not None:
                raise UsageError("--interval belongs to --listen", next_step="leave it out")
            return 0.0
        if output_file is not None:
            raise UsageError("--listen serves what --output-file would write", next_step="leave out one of them")
        if output not in {None, "", "prometheus"}:
            raise UsageError(f"--listen serves -o prometheus, not -o {output}", next_step="leave out -o or --listen")
        return INTERVAL_SECONDS if self.interval is None else parse_duration(self.interval, "--interval")
