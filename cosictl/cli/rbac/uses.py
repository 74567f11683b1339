"""The uses that a command line names, and the namespace."""

import re
from typing import Final

from cosictl.cli.options import Shared
from cosictl.errors import UsageError
from cosictl.model.rights import Use

# A DNS label (RFC 1123), as Kubernetes asks of the name of a namespace.
_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def given_namespace(shared: Shared) -> str:
    """Return the namespace of -n, "" where it was not given; raises UsageError.

    An empty one is an error: a script whose variable is empty must not be given rights in every namespace.
    """
    if shared.namespace is None or shared.all_namespaces:
        return ""
    if _NAMESPACE.fullmatch(shared.namespace) is None:
        words = f'-n "{shared.namespace}": is no name of a namespace'
        raise UsageError(words, next_step="name one, or leave -n out for every namespace")
    return shared.namespace


def parse_use(word: str) -> Use:
    """Read a use; raises UsageError."""
    try:
        return Use(word.lower())
    except ValueError:
        raise UsageError(f'unknown use "{word}"', next_step=f"give one of {', '.join(Use)}") from None
