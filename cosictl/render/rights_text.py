"""Roles as manifests, with a comment on every rule in YAML; and what somebody has of the rights."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

import yaml

from cosictl.model.rights import Held, Right, Role, Rule, Subject
from cosictl.render.console import Out
from cosictl.render.document import API_VERSION
from cosictl.render.lines import labelled

RBAC = "rbac.authorization.k8s.io"
_COMMENT = 100


def role_manifest(role: Role) -> dict[str, object]:
    """Return a role as the API has it."""
    place = {"namespace": role.namespace} if role.namespace else {}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": role.kind,
        "metadata": {"name": role.name, **place},
        "rules": [_rule(rule) for rule in role.rules],
    }


def binding_manifest(role: Role, subject: Subject) -> dict[str, object]:
    """Return what binds a role to somebody, under the role's name."""
    place = {"namespace": role.namespace} if role.namespace else {}
    home = {"namespace": subject.namespace} if subject.namespace else {"apiGroup": RBAC}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": f"{role.kind}Binding",
        "metadata": {"name": role.name, **place},
        "roleRef": {"apiGroup": RBAC, "kind": role.kind, "name": role.name},
        "subjects": [{"kind": subject.kind, "name": subject.name, **home}],
    }


def manifests(roles: Sequence[Role], subject: Subject | None) -> dict[str, object]:
    """Return roles and bindings as one object, a List where they are several."""
    items = [role_manifest(role) for role in roles]
    items += [binding_manifest(role, subject) for role in roles] if subject is not None else []
    return items[0] if len(items) == 1 else {"apiVersion": "v1", "kind": "List", "items": items}


def yaml_lines(roles: Sequence[Role], subject: Subject | None) -> Iterator[str]:
    """Yield the same as YAML documents, every rule with what needs it and what is lost without it."""
    for number, role in enumerate(roles):
        if number:
            yield "---"
        yield from _comment(f"{role.about}.", "")
        yield from _fields({key: value for key, value in role_manifest(role).items() if key != "rules"})
        yield "rules:"
        for rule in role.rules:
            for right in rule.rights:
                yield from _comment(_reason(right), "  ")
            lead = "  - "
            for key, value in _rule(rule).items():
                yield f"{lead}{key}: {json.dumps(value)}"
                lead = "    "
    for role in roles if subject is not None else ():
        yield "---"
        yield from _fields(binding_manifest(role, subject)) if subject is not None else ()


def _rule(rule: Rule) -> dict[str, object]:
    names = {"resourceNames": list(rule.names)} if rule.names else {}
    return {"apiGroups": [rule.group], "resources": [rule.resource], **names, "verbs": list(rule.verbs)}


def _reason(right: Right) -> str:
    only = f" ({right.api} only)" if right.api is not None else ""
    return f"{right.verb}: {', '.join(right.commands)}{only}. Without it {right.lost}."


def _comment(text: str, margin: str) -> Iterator[str]:
    # Our own words: plain letters.
    yield from textwrap.wrap(text, _COMMENT, initial_indent=f"{margin}# ", subsequent_indent=f"{margin}#   ")


def _fields(tree: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines of a small tree of strings; they are quoted as JSON, which YAML reads."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{key}:"
            yield from (f"  {line}" for line in _fields(value))
        elif isinstance(value, list):
            yield f"{key}:"
            for item in value:
                first, *rest = _fields(item)
                yield f"  - {first}"
                yield from (f"    {line}" for line in rest)
        else:
            yield f"{key}: {_scalar(str(value))}"


def _scalar(text: str) -> str:
    """Return a text as YAML reads it: bare where that is the same."""
    try:
        bare = yaml.safe_load(text) == text
    except (yaml.YAMLError, ValueError):
        bare = False
    return text if bare else json.dumps(text)


def print_held(use: str, held: Sequence[Held], commands: Mapping[str, Sequence[Held]], out: Out) -> None:
    """Print what somebody has of a use: what is missing and what is lost for it, and which commands are complete."""
    lacking = [one for one in held if not one.is_whole]
    whole = [command for command, missing in commands.items() if not missing]
    part = [command for command, missing in commands.items() if missing]
    out.line(f"{use}: {'incomplete' if lacking else 'complete'}", style="bold yellow" if lacking else "bold green")
    if whole:
        labelled(out, "complete", ", ".join(whole))
    if part:
        labelled(out, "incomplete", ", ".join(part))
    for one in lacking:
        right = one.right
        only = f" ({right.api} only)" if right.api is not None else ""
        head = f"{right.verb} {right.resource} {_where(one)}"
        labelled(out, "missing", head, margin="    ")
        labelled(out, "needed by", f"{', '.join(right.commands)}{only}", margin="      ")
        labelled(out, "without", right.lost, margin="      ")


def _where(one: Held) -> str:
    named = f"{', '.join(one.right.names)} " if one.right.names else ""
    if one.granted and "" in one.refused:
        return f"{named}(only in namespace {', '.join(one.granted)})"
    places = [place for place in one.refused if place] if "" not in one.refused else []
    if one.right.names:
        return named.strip()
    return f"in namespace {', '.join(places)}" if places else "in the whole cluster"


def held_document(
    uses: Iterable[tuple[str, Sequence[Held], Mapping[str, Sequence[Held]]]], *, user: str, source: str, namespace: str
) -> dict[str, object]:
    """Return the document of what somebody has of some uses; a namespace of "" is the whole cluster."""
    return {
        "apiVersion": API_VERSION,
        "kind": "RightsCheck",
        "source": source,
        "user": user,
        "namespace": namespace,
        "uses": [_use(*one) for one in uses],
    }


def _use(use: str, held: Sequence[Held], commands: Mapping[str, Sequence[Held]]) -> dict[str, object]:
    return {
        "use": use,
        "complete": all(one.is_whole for one in held),
        "commands": [
            {"command": command, "complete": not missing, "missing": [_name(one) for one in missing]}
            for command, missing in commands.items()
        ],
        "rights": [
            {
                "group": one.right.group,
                "resource": one.right.resource,
                "verb": one.right.verb,
                "names": list(one.right.names),
                "cosiVersion": one.right.api,
                "granted": list(one.granted),
                "refused": list(one.refused),
                "commands": list(one.right.commands),
                "without": one.right.lost,
            }
            for one in held
        ],
    }


def _name(one: Held) -> str:
    return f"{one.right.verb} {one.right.resource}"
