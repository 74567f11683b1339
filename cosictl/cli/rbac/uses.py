"""The uses that a command line names, and the namespace."""

from cosictl.cli.options import Shared
from cosictl.errors import UsageError
from cosictl.model.rights import Use


def given_namespace(shared: Shared) -> str:
    """Return the namespace of -n, "" where it was not given; raises UsageError.

    An empty one is an error: a script whose variable is empty must not be given rights in every namespace.
    """
    if shared.namespace is None or shared.all_namespaces:
        return ""
    if not shared.namespace:
        raise UsageError('-n "" is no name of a namespace', next_step="name one, or leave -n out for every namespace")
    return shared.namespace


def parse_use(word: str) -> Use:
    """Read a use; raises UsageError."""
    try:
        return Use(word.lower())
    except ValueError:
        raise UsageError(f'unknown use "{word}"', next_step=f"give one of {', '.join(Use)}") from None
