"""Retain lets go of a deletion on the one release where that was seen; what a refusal says of the others."""

import pytest

from cosictl.model.copying import replace
from cosictl.model.plan import Action
from cosictl.remedy.guard import Situation
from cosictl.remedy.guards_steps import retain_lets_go
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import world_of
from tests.remedy_worlds import BUCKET, SIDECAR, looping, pod


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (SIDECAR, None),
        ("objectstorage-sidecar:canary", "that v0.2.2 runs here is only assumed (image "),
        ("objectstorage-sidecar:v20241122-60-g6a5a12c", "here runs image-60 (image "),
    ],
)
def test_retain_is_refused_with_the_release_that_runs_or_with_what_is_only_assumed(
    image: str, words: str | None
) -> None:
    strange = replace(pod("driver-0"), containers=(replace(pod("x").containers[0], image=image),))
    world = world_of(looping(pods=(strange,), events=()))
    found = retain_lets_go(Situation(step=step_of(world, Action.SET_RETAIN, BUCKET, why="a test"), world=world))
    assert (found is None) is (words is None)
    assert found is None or words is None or words in found.reason
