"""Who asks, and what they may: tokens, users and rules. Pure but for the random tokens."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cosictl.sandbox.api.refusals import details, group_resource
from cosictl.sandbox.ports import ApiError, Json, Resource

ANY: Final = ("*",)
_DISCOVERY: Final = ("/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz")
# What a stranger may read (system:public-info-viewer).
_PUBLIC: Final = ("/version", "/healthz", "/livez", "/readyz")
# What everybody who is known may create (system:basic-user).
_REVIEWING: Final = frozenset({"authorization.k8s.io", "authentication.k8s.io"})
_ABOUT_ONESELF: Final = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permission; ``*`` is everything. ``resources`` may name subresources (``pods/log``)."""

    verbs: tuple[str, ...] = ANY
    resources: tuple[str, ...] = ANY
    groups: tuple[str, ...] = ANY
    namespaces: tuple[str, ...] = ANY
    names: tuple[str, ...] = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with a name and rules."""

    name: str
    rules: tuple[Rule, ...] = ()


ADMIN: Final = User(name="sandbox-admin", rules=(Rule(),))
ANONYMOUS: Final = User(name="system:anonymous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing somebody wants to do. ``namespace`` empty is the whole cluster, ``name`` empty is all of them."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """Users by token. ``token`` is the first user's, the one of the kubeconfig."""

    users: dict[str, User] = field(default_factory=lambda: {new_token(): ADMIN})

    @property
    def token(self) -> str:
        """The token of the first user."""
        return next(iter(self.users))

    def admit(self, user: User) -> str:
        """Let somebody in; return the token."""
        token = new_token()
        self.users[token] = user
        return token

    def identify(self, headers: Mapping[str, str]) -> User:
        """Return who asks; without a token it is nobody. Raises ApiError: 401 unknown token, 403 may not pretend."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if not scheme:
            user = ANONYMOUS
        else:
            found = self.users.get(token.strip()) if scheme.lower() == "bearer" else None
            if found is None:
                raise unauthorized()
            user = found
        other = headers.get("Impersonate-User", "")
        if not other:
            return user
        ask = Ask(verb="impersonate", group="", resource="users", name=other)
        if not allows(user, ask):
            raise _refused(f'users "{other}"', user, ask, details={"name": other, "kind": "users"})
        return next((known for known in self.users.values() if known.name == other), User(name=other))


def new_token() -> str:
    """Return a token nobody can guess."""
    return secrets.token_urlsafe(24)


def allows(user: User, ask: Ask) -> bool:
    """Tell whether one of the user's rules permits it."""
    if ask.verb == "create" and ask.group in _REVIEWING and user is not ANONYMOUS:
        return ask.resource in _ABOUT_ONESELF or any(_permits(rule, ask) for rule in user.rules)
    return any(_permits(rule, ask) for rule in user.rules)


def allows_path(user: User, path: str) -> bool:
    """Tell whether somebody may read what is no resource."""
    known = _PUBLIC if user is ANONYMOUS else _DISCOVERY
    return any(path == one or path.startswith(f"{one}/") for one in known)


def check(user: User, ask: Ask, resource: Resource) -> None:
    """Raise 403 in the server's words where the user may not."""
    if not allows(user, ask):
        subject = f'{group_resource(resource)} "{ask.name}"' if ask.name else group_resource(resource)
        raise _refused(subject, user, ask, details=details(resource, ask.name))


def check_path(user: User, path: str) -> None:
    """Raise 403 in the server's words where the user may not read a path."""
    if not allows_path(user, path):
        why = f'forbidden: User "{user.name}" cannot get path "{path}"'
        raise ApiError(403, "Forbidden", why, details={})


def unauthorized() -> ApiError:
    """401: nobody knows this token."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def _refused(subject: str, user: User, ask: Ask, *, details: Json) -> ApiError:
    where = f'in the namespace "{ask.namespace}"' if ask.namespace else "at the cluster scope"
    why = (
        f'{subject} is forbidden: User "{user.name}" cannot {ask.verb} resource "{ask.resource}" '
        f'in API group "{ask.group}" {where}'
    )
    return ApiError(403, "Forbidden", why, details=details)


def _permits(rule: Rule, ask: Ask) -> bool:
    return (
        _among(ask.verb, rule.verbs)
        and _among(ask.resource, rule.resources)
        and _among(ask.group, rule.groups)
        and _among(ask.namespace, rule.namespaces)
        and _among(ask.name, rule.names)
    )


def _among(one: str, many: tuple[str, ...]) -> bool:
    return many == ANY or one in many
