"""A change of image in the three forms people apply: a kubectl line, a strategic merge patch, a kustomize snippet.

Pure: in comes a fix, out come lines. Names and images are foreign text: quoted for a shell, or as YAML strings.
"""

import json
import shlex
from typing import Final

from cosictl.model.fleet import Fix

# kubectl set image knows these by name; whatever else made a Pod puts its own image back.
_KNOWN: Final = {
    "Deployment": "deployment",
    "DaemonSet": "daemonset",
    "StatefulSet": "statefulset",
    "ReplicaSet": "replicaset",
    "Pod": "pod",
}
_API: Final = {"Pod": "v1"}


def can_be_written(fix: Fix) -> bool:
    """Whether the workload is of a kind that can be patched from here."""
    return bool(fix.to) and fix.kind in _KNOWN


def set_image(fix: Fix) -> str:
    """Return the kubectl line."""
    target = shlex.quote(f"{_KNOWN[fix.kind]}/{fix.name}")
    change = shlex.quote(f"{fix.component.container}={fix.to}")
    return f"kubectl set image {target} {change} -n {shlex.quote(fix.component.namespace)}"


def patch(fix: Fix) -> list[str]:
    """Return the strategic merge patch, as YAML: containers merge by their name."""
    field = "initContainers" if fix.component.init else "containers"
    inner = [f"{field}:", f"- name: {_text(fix.component.container)}", f"  image: {_text(fix.to)}"]
    head = [
        f"apiVersion: {_API.get(fix.kind, 'apps/v1')}",
        f"kind: {fix.kind}",
        "metadata:",
        f"  name: {_text(fix.name)}",
        f"  namespace: {_text(fix.component.namespace)}",
        "spec:",
    ]
    if fix.kind == "Pod":
        return [*head, *(f"  {line}" for line in inner)]
    return [*head, "  template:", "    spec:", *(f"      {line}" for line in inner)]


def kustomize(fix: Fix) -> list[str]:
    """Return the snippet for a kustomization.yaml: it replaces the image wherever it stands."""
    old, _, _ = parts_of(fix.component.image)
    name, tag, digest = parts_of(fix.to)
    lines = ["images:", f"- name: {_text(old or name)}"]
    if name != old:
        lines.append(f"  newName: {_text(name)}")
    if tag and not digest:
        lines.append(f"  newTag: {_text(tag)}")
    return [*lines, *([f"  digest: {_text(digest)}"] if digest else [])]


def parts_of(image: str) -> tuple[str, str, str]:
    """Split an image into repository, tag and digest; what is missing is empty."""
    rest, _, digest = image.partition("@")
    directory, slash, last = rest.rpartition("/")
    base, _, tag = last.partition(":")
    return f"{directory}{slash}{base}", tag, digest


def _text(value: str) -> str:
    # A JSON string is a YAML string whatever is in it: a tag like 1.10 stays a text.
    return json.dumps(value)
