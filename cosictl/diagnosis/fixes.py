"""Which change of image each workload with a sidecar can have, and what it would change. Pure; nothing is applied.

In: the fleet of a cluster, and optionally the image somebody has in mind. Out: one fix per workload and container,
or the reason why there is none.
"""

from collections.abc import Sequence

from cosictl.knowledge.images import ImageMatch, match_image
from cosictl.knowledge.policies import POLICIES, Effect
from cosictl.knowledge.upgrades import NOTHING_BETTER, OTHER_API, STOPS_NOTHING, UNKNOWN_RELEASE, UPGRADES
from cosictl.model.copying import replace
from cosictl.model.fleet import Component, DriverLine, Fix, Fleet
from cosictl.model.refs import Api
from cosictl.model.report import Outlook

_MANAGED = "where an operator or Helm manages this workload, change it there, or it is put back"
_NO_IMAGE = "what {image} does is not known here: measure it first (cosictl sidecars measure)"


def fixes(found: Fleet, *, to: str = "") -> tuple[Fix, ...]:
    """Return the change for each workload with a sidecar; ``to`` is an image that replaces the suggested ones."""
    seen: dict[tuple[str, str, str, str], Fix] = {}
    for line in found.drivers:
        for component in line.sidecars:
            key = _key(component)
            fix = seen.get(key) or _fix(component, line.api, to)
            seen[key] = replace(
                fix, looping=fix.looping + _looping(line), drivers=(*fix.drivers, *_new(fix.drivers, line.driver))
            )
    for component in found.unmatched:
        seen.setdefault(_key(component), _fix(component, component.api, to))
    return tuple(seen[key] for key in sorted(seen))


def _key(component: Component) -> tuple[str, str, str, str]:
    return component.namespace, component.owner_kind, component.owner_name, component.container


def _new(known: Sequence[str], driver: str) -> tuple[str, ...]:
    return () if driver in known else (driver,)


def _looping(line: DriverLine) -> int:
    return line.outlooks.get(Outlook.LOOPING, 0)


def _fix(component: Component, api: Api | None, to: str) -> Fix:
    row = UPGRADES.get(component.policy, NOTHING_BETTER if component.policy in POLICIES else UNKNOWN_RELEASE)
    image, warnings = (to, _about(to, api)) if to else (row.image, _about(row.image, api))
    policy = (match.policy or "") if (match := match_image(image)) is not None else ""
    same = policy == row.to_policy
    fix = Fix(
        component=component,
        kind=component.owner_kind,
        name=component.owner_name,
        to=image,
        to_policy=policy or (row.to_policy if not to else ""),
        gains=row.gains if same else (),
        stuck=row.stuck if same or not image else _stuck(policy),
        warnings=(*row.warnings, *warnings) if same or not image else tuple(warnings),
        why_none=row.why_none if not image else "",
        looping=0,
        drivers=(),
    )
    if image and image == component.image:
        return replace(fix, to="", why_none="it runs this image already")
    return replace(fix, warnings=(*fix.warnings, _MANAGED)) if image else fix


def _about(image: str, api: Api | None) -> list[str]:
    """What has to be known about an image before it replaces another."""
    if not image:
        return []
    match = match_image(image)
    if match is None or match.role != "sidecar":
        return [f"{image} does not look like a COSI sidecar"]
    words = [OTHER_API] if _is_other(match, api) else []
    if match.policy is None:
        return [*words, _NO_IMAGE.format(image=image)]
    if not _stops(match.policy):
        words.append(STOPS_NOTHING.format(policy=match.policy))
    return words if match.certain else [*words, f"taken at its tag's word: {match.why}"]


def _is_other(match: ImageMatch, api: Api | None) -> bool:
    return match.api is not None and api is not None and match.api is not api


def _stops(policy: str) -> bool:
    return any(Effect.STOPS in cells.values() for cells in POLICIES[policy].effects.values())


def _stuck(policy: str) -> tuple[str, ...]:
    if not policy:
        return ("a restart gives every object one fresh attempt; more is not known",)
    return (f"what {policy} would do with each of them: cosictl sidecars compare {policy}",)
