"""Watching some cells of a sidecar's row: their objects made, ended, edited and dropped at the right moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cosictl.diagnosis.measured import QUIET, Trial, is_backoff, is_settled
from cosictl.flows.measuring.make import Maker
from cosictl.flows.measuring.objects import LABEL, Set
from cosictl.flows.measuring.ports import Ports, Stage, Tree
from cosictl.flows.measuring.probe import ENDING, OF_ACCESS, Edit, Probe, Target, share_out
from cosictl.knowledge.annotations import NUDGE
from cosictl.model.refs import Api, Rpc

# Calls in a row that are enough where only the effect is asked for.
ENOUGH: Final = 3
# Creates that are watched to the end, for the backoff; the first of them are edited.
KEPT: Final = 8
_EDITED: Final = 2
# Seconds of the wall. On a busy machine a shorter silence says nothing, however fast the sidecar's time runs.
_BUSY: Final = 1.5
# The same: a sidecar that calls nobody for so long has nothing to do.
_IDLE: Final = 0.5
# A sidecar that somebody else starts may have ended: so many of its seconds without any call, or the wall's, say that
# it is there and silent.
_ENDED: Final = 60.0
_ENDED_WALL: Final = 5.0
# How many times longer than a silence a record is waited for, where none that began later was seen.
_LONG: Final = 3
# Objects are looked at after so many looks at the calls.
_LOOK: Final = 3
# Events about what has no namespace.
_EVENT_HOME: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait, in the wall's seconds: the sidecar's by its speed, and never less than a machine needs.

    ``watch_for``: for how many of the sidecar's seconds creates are watched.
    """

    speed: float
    watch_for: float

    def wall(self, seconds: float, at_least: float) -> float:
        """Turn the sidecar's seconds into the wall's."""
        return max(seconds / self.speed, at_least)

    @property
    def poll(self) -> float:
        """How long to wait between two looks."""
        return min(1.0, max(0.1, 2.0 / self.speed))


class Watch:
    """Watches cells until nothing more is to be learnt, or the sidecar dies.

    ``for_backoff``: some creates are kept and watched on, and edited. ``can_restart``: what the sidecar does not seem
    to see is not given up yet.
    """

    def __init__(
        self, ports: Ports, names: Set, stage: Stage, *, pace: Pace, claim_uid: str, for_backoff: bool
    ) -> None:
        self._ports = ports
        self._names = names
        self._stage = stage
        self._pace = pace
        self._claim_uid = claim_uid
        self._keeps = KEPT if for_backoff else 0
        self._kept: list[Probe] = []
        self.life = stage.life
        self.can_restart = False
        self._looked = 0.0
        self.probes: list[Probe] = []

    def make(self, targets: Sequence[Target], attempt: int) -> None:
        """Make the objects of some cells."""
        maker = Maker(self._ports, self._names, self._stage, self._pace.speed, self._claim_uid)
        self.probes += [maker.make(target, attempt) for target in targets]

    # --- watching ---------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Wait a moment and look; False when the sidecar died."""
        self._ports.sleep(self._pace.poll)
        share_out(self._stage.heard(), self.probes)
        if not self._stage.alive() or self._stage.life != self.life:
            self._look()
            return False
        now = self._ports.clock()
        if now - self._looked >= _LOOK * self._pace.poll:
            self._look()
        for probe in self._open():
            self._advance(probe, now)
        return True

    def restarted(self) -> None:
        """The sidecar was started anew on purpose; its objects stay, and get their time again."""
        self.life = self._stage.life
        self.can_restart = False
        now = self._ports.clock()
        for probe in self._open():
            probe.nudges.clear()
            probe.ended = now if probe.ended is not None else None

    def is_over(self, *, least: float) -> bool:
        """Tell whether everything is known; creates are watched for ``least`` seconds of the wall after the last."""
        if any(not self._is_settled(probe) for probe in self._open()):
            return False
        firsts = [probe.heard[0].answered for probe in self.probes if probe.heard]
        if not self._kept or not firsts:
            return True
        now = self._ports.clock()
        if now - max(firsts) < least:
            return False
        edits = [probe.after_edit is not None for probe in self._kept if probe.edit is not None]
        # An edit needs the right moment; it is not waited for without end.
        return all(edits) if edits else now - max(firsts) > 2 * least

    def waits_for_restart(self) -> bool:
        """Tell whether some kind of ending was never called, as if the sidecar had not seen it."""
        if not self.can_restart:
            return False
        waiting = [probe for probe in self._open() if self._is_unseen(probe) and not probe.gone and not probe.why]
        return bool(waiting) and all(self._is_ignored(probe) for probe in waiting)

    def _is_unseen(self, probe: Probe) -> bool:
        """Tell whether no ending of its kind was called."""
        rpc = probe.target.rpc
        return rpc in ENDING and not any(other.heard for other in self.probes if other.target.rpc is rpc)

    def drop(self) -> None:
        """Remove every object."""
        for probe in self._open():
            self._finish(probe)

    def known(self, *, everything: bool) -> dict[Target, Trial]:
        """Return what is known; unless ``everything``, only of the cells that more watching would not change."""
        self._look()
        now, held = self._now(), self._stage.held()
        return {
            probe.target: probe.trial(now, held)
            for probe in self.probes
            if everything or probe.final or (probe not in self._kept and self._is_settled(probe))
        }

    # --- one probe --------------------------------------------------------------------------------------------------

    def _open(self) -> list[Probe]:
        return [probe for probe in self.probes if probe.final is None]

    def _advance(self, probe: Probe, now: float) -> None:
        if probe.target.rpc in ENDING and not probe.gone and not probe.why:
            self._end(probe, now)
        if not self._is_settled(probe):
            return
        retried = probe.target.rpc is Rpc.CREATE and len(probe.heard) >= ENOUGH
        if probe in self._kept:
            self._maybe_edit(probe, now)
            probe.look_after_edit(now)
        elif retried and len(self._kept) < self._keeps:
            self._kept.append(probe)
        elif self._names.api is Api.V1ALPHA2 or probe.target.rpc in OF_ACCESS:
            # What is known makes room for the rest: one worker (v1alpha2), and 5 requests a second (v1alpha1).
            self._finish(probe)

    def _end(self, probe: Probe, now: float) -> None:
        """Ask for the deletion once the object is ready, and nudge the sidecar where it does not seem to see it."""
        if probe.ended is None:
            if probe.ready:
                self._ports.kube.remove(probe.thing)
                probe.ended = self._ports.clock()
            elif now - probe.made > self._pace.wall(60.0, 20.0):
                probe.why = "its object never became ready, so that its end could not be tried"
        elif not probe.heard and not self._is_ignored(probe) and self._is_overdue(probe, now):
            probe.nudges.append(now)
            self._ports.kube.patch(probe.thing, {"metadata": {"annotations": {NUDGE: f"{len(probe.nudges)}"}}})

    def _is_overdue(self, probe: Probe, now: float) -> bool:
        last = max([probe.ended or now, *probe.nudges, self._stage.held()])
        return now - last > self._pace.wall(5.0, 1.0)

    def _is_ignored(self, probe: Probe) -> bool:
        """Tell whether an ending was nudged twice, in vain."""
        return len(probe.nudges) >= 2 and self._is_overdue(probe, self._ports.clock())

    def _is_settled(self, probe: Probe) -> bool:
        now, held = self._now(), self._stage.held()
        if probe.target.rpc in ENDING:
            if probe.ended is None:
                return bool(probe.why)
            if not probe.heard:
                unseen = self.can_restart and self._is_unseen(probe)
                return probe.gone or (self._is_ignored(probe) and not unseen)
        elif not probe.heard:
            return now - max(probe.made, held) > self._pace.wall(30.0, 10.0)
        trial = probe.trial(now, held)
        if trial.repeats < 2 and not trial.succeeded and not self._had_its_turn(probe, now, held):
            return False
        would_be_recorded = self._would_be_recorded(probe, probe.since_first(now, held))
        return is_settled(trial, would_be_recorded=would_be_recorded, wanted=ENOUGH)

    def _had_its_turn(self, probe: Probe, now: float, held: float) -> bool:
        """Tell whether a sidecar that had wanted to call again would have.

        Since the last answer it had nothing to do for a moment, or has come round to all others.
        """
        since = max(held, probe.heard[-1].answered)
        if now - since < _BUSY:
            return False
        times = [since, *(one.came for one in self._stage.heard() if one.came > since), now]
        idle = max(later - earlier for earlier, later in pairwise(times))
        return idle > _IDLE or len(times) > 2 * len(self.probes)

    def _now(self) -> float:
        """Return until when silence means something: now, or the last sign of life of a sidecar nobody can see."""
        now = self._ports.clock()
        last = max((one.answered for one in self._stage.heard()[-1:]), default=now)
        gone = not self._ports.own and now - last < self._pace.wall(_ENDED, _ENDED_WALL)
        return last if gone else now

    def _would_be_recorded(self, probe: Probe, waited: float) -> bool:
        """Tell whether a record would have been seen by now.

        Events of a sidecar are written one after the other, so one about a later answer shows that there is none about
        this. A ``status.error`` may be taken away at every try and written after it: only the longer pauses between
        tries show it for sure. ``waited``: the sidecar's seconds since the first answer.
        """
        if waited >= _LONG * QUIET:
            return True
        if waited < QUIET or self._names.api is Api.V1ALPHA2:
            return False
        first = probe.heard[0].answered
        return any(other.recorded and other.heard and other.heard[0].answered > first for other in self.probes)

    def _maybe_edit(self, probe: Probe, now: float) -> None:
        """Annotate a looping object right after an answer, once its pauses are long enough to tell calls apart."""
        pauses = probe.pauses()
        edited = sum(other.edit is not None for other in self._kept)
        spared = len(self._kept) - edited
        if probe.edit is not None or edited >= _EDITED or (edited and spared < 2) or not pauses:
            return
        pause, before = pauses[-1] / self._pace.speed, probe.heard[-1].answered
        if pause < self._pace.wall(3.0, 0.3) or now - before > 0.35 * pause:
            return
        if not is_backoff(pauses) or self._stage.held() > probe.heard[-2].answered:
            return
        probe.edit = Edit(at=self._ports.clock(), before=before, pause=pause)
        self._ports.kube.patch(probe.thing, {"metadata": {"annotations": {NUDGE: "measure"}}})

    def _finish(self, probe: Probe) -> None:
        probe.final = probe.trial(self._ports.clock(), self._stage.held())
        self._ports.kube.remove(probe.thing, force=True)

    # --- looking ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look at the objects and at the events about them, which costs the API server more than the calls cost us."""
        self._looked = self._ports.clock()
        by_uid = self._objects()
        events = self._events()
        for probe in self._open():
            probe.look(by_uid.get(probe.thing.uid))
            for event in events.get(probe.thing.uid, ()):
                probe.hear(event)

    def _objects(self) -> dict[str, Tree]:
        found: list[Tree] = []
        for plural in sorted({probe.thing.plural for probe in self._open()}):
            found += self._ports.kube.list(self._names.api_version, plural, labels=f"{LABEL}={self._names.run}")
        return {str(tree["metadata"]["uid"]): tree for tree in found}

    def _events(self) -> dict[str, list[Tree]]:
        found: dict[str, list[Tree]] = {}
        for plural, kind, home in (
            ("buckets", "Bucket", _EVENT_HOME),
            ("bucketaccesses", "BucketAccess", self._names.namespace),
        ):
            if not any(probe.thing.plural == plural and not probe.recorded for probe in self._open()):
                continue
            selector = f"involvedObject.kind={kind}"
            for event in self._ports.kube.list("v1", "events", namespace=home, fields=selector):
                about = event.get("involvedObject")
                found.setdefault(str(about.get("uid", "")) if isinstance(about, dict) else "", []).append(event)
        return found
