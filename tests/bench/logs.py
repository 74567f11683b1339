"""A large log, made as it is read: a sidecar at work on ten thousand Buckets, and a driver's calls in between."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from cosictl.intake.loglines import read_log
from cosictl.model.logs import LogOrigin

MIB: Final = 1024 * 1024
START: Final = datetime(2026, 11, 23, tzinfo=UTC)
BUCKETS: Final = 10_000
_ROUND: Final = 1_000


def log_of(size: int) -> Iterator[bytes]:
    """Yield a log of at least ``size`` bytes, piece by piece."""
    made = number = 0
    while made < size:
        lines = []
        for _ in range(_ROUND):
            number += 1
            at = START + timedelta(milliseconds=8 * number)
            name = f"bucket-{number % BUCKETS:08x}-0000-4000-8000-000000000000"
            head = f"{at:%m%d %H:%M:%S.%f}   26068"
            lines.append(f'I{head} bucket_controller.go:75] "Add Bucket" name="{name}"')
            lines.append(f"I{head} request.go:661] Waited for 83.652723ms due to client-side throttling: PATCH:events")
            if number % 3 == 0:
                why = f"request {number:016x} was refused"
                lines.append(
                    f'E{head} bucket_controller.go:160] "Failed to get bucketClaim" err="{why}" bucket="{name}"'
                )
        piece = ("\n".join(lines) + "\n").encode()
        made += len(piece)
        yield piece


def measure(mebibytes: int) -> tuple[int, int]:
    """Read such a log; return its lines and the traces that were kept."""
    fold = read_log(log_of(mebibytes * MIB), LogOrigin(), reference=START + timedelta(days=300))
    return fold.lines, len(fold.traces())
