"""How a tunnel into a pod is opened."""

from collections.abc import Iterator
from contextlib import contextmanager

from cosictl.cli.dialling import Dial
from cosictl.cli.options import Shared


@contextmanager
def tunnel(shared: Shared, dial: Dial, *, timeout: float) -> Iterator[tuple[str, str]]:
    """Open it."""
    del shared, dial, timeout
    yield "", ""
