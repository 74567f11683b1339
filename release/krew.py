"""The manifest of the kubectl plugin ``cosi`` for krew, kubectl's plugin manager. Pure.

The rules it keeps, with their sources, are in ``tests/krew_rules.py``.
"""

from collections.abc import Mapping
from typing import Any, Final

import yaml

NAME: Final = "cosi"
# What the plugin's archive holds; krew links ``bin`` as kubectl-cosi.
BIN: Final = "kubectl-cosi"
# Go's names, which krew uses, for those of uname.
ARCHITECTURES: Final[Mapping[str, str]] = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "i686": "386",
    "armv7l": "arm",
    "ppc64le": "ppc64le",
}
DESCRIPTION: Final = """\
COSI (Container Object Storage Interface) gives Kubernetes BucketClaim, Bucket
and BucketAccess. This plugin says which of them are stuck, why, whether
waiting will help, who can fix it, what to type, and what could be lost by it.
It can ask the storage driver itself, and carries out repairs as guarded,
journalled plans.
"""
CAVEATS: Final = """\
It needs {python} on the PATH (as {program} or python3), and unpacks
itself at its first start into ~/.cache/cosictl, which takes some seconds.
For completion of "kubectl cosi": kubectl cosi completion install kubectl
"""


def manifest(*, version: str, python: str, system: str, machine: str, address: str, sha256: str) -> dict[str, object]:
    """Return the manifest of one release, for the one platform that was built.

    ``version`` has no leading v; ``python`` as "cpython 3.11", ``system`` and ``machine`` as uname has them;
    ``address`` is where the plugin's archive will be, ``sha256`` its checksum. Raises KeyError for a machine that krew
    does not know.
    """
    name, number = python.split()
    caveats = CAVEATS.format(python=f"{name.replace('cpython', 'CPython')} {number}", program=f"python{number}")
    return {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": NAME},
        "spec": {
            "version": f"v{version}",
            "shortDescription": "Find out why object-storage buckets are stuck",
            "description": DESCRIPTION,
            "caveats": caveats,
            "platforms": [
                {
                    "selector": {"matchLabels": {"os": system, "arch": ARCHITECTURES[machine]}},
                    "uri": address,
                    "sha256": sha256,
                    "bin": BIN,
                }
            ],
        },
    }


def as_yaml(made: Mapping[str, object]) -> str:
    """Write a manifest as YAML, texts of several lines as they are."""
    return yaml.dump(made, Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    """A dumper with block texts."""


def _text(dumper: Any, value: str) -> yaml.ScalarNode:
    node: yaml.ScalarNode = dumper.represent_scalar(
        "tag:yaml.org,2002:str", value, style="|" if "\n" in value else None
    )
    return node


_Dumper.add_representer(str, _text)
