"""The uses that a command line names."""

from cosictl.errors import UsageError
from cosictl.model.rights import Use


def parse_use(word: str) -> Use:
    """Read a use; raises UsageError."""
    try:
        return Use(word.lower())
    except ValueError:
        raise UsageError(f'unknown use "{word}"', next_step=f"give one of {', '.join(Use)}") from None
