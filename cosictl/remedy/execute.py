"""A run: each step re-read, guarded, backed up, written on condition, and looked at afterwards.

Whatever is known is in the journal before the next thing happens, so that a run that was killed can go on, and
nothing is done twice: what was begun is looked up before it is done.
"""

from collections.abc import Mapping
from typing import Any, Final

from cosictl.errors import CosictlError, JournalError
from cosictl.model.copying import replace
from cosictl.model.plan import AT_DRIVER, Action, Fate, Outcome, Pin, Plan, Result, Sent, Step
from cosictl.model.refs import Ref
from cosictl.remedy.guard import Situation
from cosictl.remedy.guards import refusal
from cosictl.remedy.journal import Journal, Run, StepRecord
from cosictl.remedy.mark_event import event_write, mark_text
from cosictl.remedy.ports import Ports
from cosictl.remedy.rehearse import refused_outcome
from cosictl.remedy.state import pin_of, pin_words, value_words
from cosictl.remedy.verify import solved_target, verified
from cosictl.remedy.world import World
from cosictl.remedy.writes import has_landed, uid_of, version_of, write_of

Json = Mapping[str, Any]
# How often a write is tried again whose object moved by itself, or whose answer was lost.
TRIES: Final = 5
# Seconds before the second try; each later one waits as much longer.
_PAUSE: Final = 0.1
_FOUND: Final = "found done after an interruption"
_STOPS: Final = frozenset({Result.REFUSED, Result.FAILED})


def _is_as_seen(world: World, step: Step, now: Json) -> bool:
    """Whether an object is the version that was diagnosed."""
    seen = world.meta(step.target.ref)
    return seen is not None and seen.resource_version in {"", version_of(now)}


class Execution:
    """One run of a plan. ``wait`` is in seconds, for each effect to show; None waits only where it comes by itself."""

    def __init__(self, plan: Plan, ports: Ports, journal: Journal, run: Run | None, *, wait: float | None) -> None:
        self._plan = plan
        self._ports = ports
        self._journal = journal
        self._known: Mapping[int, StepRecord] = run.steps if run is not None else {}
        # What was seen so long ago is no ground for going on; what was begun is still looked up.
        self._expired = run is not None and ports.now() > plan.expires
        self._confirmed = set(run.confirmed) if run is not None and not self._expired else set()
        self._wait = wait
        # What our own writes left, for the steps that follow on the same object.
        self._left: dict[Ref, Pin] = {}
        self._touched: set[Ref] = set()

    def run(self) -> tuple[Outcome, ...]:
        """Do the steps in order; what is refused or fails ends the run, what is uncertain its own object's steps."""
        outcomes: list[Outcome] = []
        uncertain = set()
        for number, step in enumerate(self._plan.steps, 1):
            if step.solves in uncertain:
                continue
            outcome = self._already(number, step)
            if outcome is None:
                self._ports.progress(number, step, None)
                outcome = self._guarded(number, step)
                self._end(number, outcome)
            self._ports.progress(number, step, outcome)
            outcomes.append(outcome)
            self._touched.add(step.solves)
            if outcome.result in _STOPS:
                break
            if outcome.result is Result.UNKNOWN:
                uncertain.add(step.solves)
        self._journal.append({"type": "finish", "at": self._ports.now().isoformat()})
        return tuple(outcomes)

    def _already(self, number: int, step: Step) -> Outcome | None:
        """Return the outcome of a step that an earlier part of this run did."""
        record = self._known.get(number)
        if record is None or record.result is not Result.DONE:
            return None
        self._remember(step, self._seen(step))
        return Outcome(step=step, result=Result.DONE, words=record.words, remains=record.remains)

    def _seen(self, step: Step) -> Json | None:
        try:
            return self._ports.read(step.target)
        except CosictlError:
            return None

    def _guarded(self, number: int, step: Step) -> Outcome:
        """Do a step; every expected failure is its outcome."""
        try:
            return self._do(number, step)
        except JournalError:
            raise
        except CosictlError as error:
            return Outcome(step=step, result=Result.FAILED, words=str(error))

    def _do(self, number: int, step: Step) -> Outcome:
        found = self._finished_before(number, step)
        if found is not None:
            return found
        if self._expired:
            words = (
                f"the plan expired at {self._plan.expires.isoformat(timespec='seconds')}: make a new one for the rest"
            )
            return Outcome(step=step, result=Result.REFUSED, words=words)
        step = self._rebased(step)
        world = self._ports.observe()
        if step.pin is not None and self._went_by_itself(step, world):
            return Outcome(step=step, result=Result.DONE, words="it is gone already", remains=step.remains)
        refused = refusal(self._situation(step, world))
        if refused is not None:
            return refused_outcome(step, refused)
        if step.action in AT_DRIVER:
            return self._at_driver(number, step, world)
        return self._write(number, step, world)

    def _situation(self, step: Step, world: World) -> Situation:
        return Situation(
            step=step,
            world=world,
            even_if_retrying=self._plan.even_if_retrying,
            confirmed=frozenset(self._confirmed),
            continuing=step.solves in self._touched,
        )

    def _rebased(self, step: Step) -> Step:
        """Return a step pinned to what our own earlier steps left of its object."""
        if step.pin is None:
            return step
        left = self._left.get(step.target.ref)
        if left is not None and left.uid == step.pin.uid:
            return replace(step, pin=left)
        if step.solves in self._touched:
            # What we did to a relative may have changed how it fails, and that is no foreign hand.
            return replace(step, pin=replace(step.pin, failure=None))
        return step

    def _went_by_itself(self, step: Step, world: World) -> bool:
        """Whether an earlier step of this run already let the object go that this one was to free."""
        ours = step.solves in self._touched or step.target.ref in self._left
        frees = step.action in {Action.REMOVE_FINALIZER, Action.DELETE_OBJECT}
        return ours and frees and world.meta(step.target.ref) is None and self._ports.read(step.target) is None

    def _finished_before(self, number: int, step: Step) -> Outcome | None:
        """Look up a step that was begun and not ended: whether its write got through."""
        record = self._known.get(number)
        if record is None or not record.at or record.result in _STOPS or step.action in AT_DRIVER:
            return None
        if record.result is None and not record.values and not record.before:
            return None
        now = self._ports.read(step.target)
        if now is not None and version_of(now) == record.before:
            return None
        if not has_landed(step, now, record.values):
            return None
        self._remember(step, now)
        return verified(step, self._ports, wait=self._wait, values=record.values, found=_FOUND)

    def _write(self, number: int, step: Step, world: World) -> Outcome:
        """Write on condition of the very version that was diagnosed and guarded; what moved is looked at again."""
        values = self._completed(step)
        said, lost = "", False
        for attempt in range(TRIES):
            if attempt:
                self._ports.sleep(_PAUSE * attempt)
                world = self._ports.observe()
            now = self._ports.read(step.target)
            moved = pin_words(step.pin, now) or (value_words(step, now) if now is not None else "")
            if moved and lost and has_landed(step, now, values):
                # The request that got no answer was carried out after we looked.
                self._remember(step, now)
                return verified(step, self._ports, wait=self._wait, values=values, found=_FOUND)
            if moved:
                return Outcome(step=step, result=Result.REFUSED, words=moved)
            refused = refusal(self._situation(step, world)) if attempt else None
            if refused is not None:
                return refused_outcome(step, refused)
            if now is not None and not _is_as_seen(world, step, now):
                continue
            self._begin(number, step, values, now)
            sent = self._ports.send(write_of(step, now, values=values), dry_run=False)
            outcome = self._judged(step, sent, now, values)
            if outcome is None:
                said, lost = sent.words, lost or sent.fate is Fate.LOST
                continue
            if outcome.result is not Result.DONE:
                return outcome
            if step.action is Action.MARK:
                return self._with_event(number, outcome, values, world)
            last = not any(other.solves == step.solves for other in self._plan.steps[number:])
            return verified(step, self._ports, wait=self._wait, values=values, last=last)
        return Outcome(step=step, result=Result.FAILED, words=f"not written in {TRIES} tries: {said or 'it moved'}")

    def _judged(self, step: Step, sent: Sent, before: Json | None, values: Mapping[str, str]) -> Outcome | None:
        """What an answer means for a step; None: read it again and try again."""
        match sent.fate:
            case Fate.DONE:
                self._remember(step, self._ports.read(step.target) if sent.body is None else sent.body)
                return Outcome(step=step, result=Result.DONE, words="written")
            case Fate.CONFLICT:
                return None
            case Fate.GONE:
                return Outcome(step=step, result=Result.REFUSED, words="it is gone, by another hand")
            case Fate.TAKEN:
                return Outcome(step=step, result=Result.REFUSED, words=f"something of that name was made: {sent.words}")
            case Fate.REFUSED:
                return Outcome(step=step, result=Result.FAILED, words=sent.words)
            case Fate.LOST:
                return self._looked_up(step, sent, before, values)

    def _looked_up(self, step: Step, sent: Sent, before: Json | None, values: Mapping[str, str]) -> Outcome | None:
        """A write without an answer: see whether it was carried out; trying again pins the same version."""
        try:
            now = self._ports.read(step.target)
            over = before is None and now is None and self._is_over(step)
        except CosictlError as error:
            words = f"no answer came ({sent.words}), and it cannot be looked up: {error}"
            return Outcome(step=step, result=Result.UNKNOWN, words=words)
        if over:
            # What is made for another object goes with it, and making it twice would leave one behind.
            return Outcome(step=step, result=Result.DONE, words=f"no answer came; {step.solves} is gone")
        moved = before is None or now is None or version_of(now) != version_of(before)
        if moved and has_landed(step, now, values):
            self._remember(step, now)
            return Outcome(step=step, result=Result.DONE, words="no answer came; it was looked up, and it is done")
        return None

    def _is_over(self, step: Step) -> bool:
        """Whether the object whose trouble a step ends is gone."""
        return step.solves != step.target.ref and self._ports.read(solved_target(step)) is None

    def _remember(self, step: Step, now: Json | None) -> None:
        if now is not None and "metadata" in now and (step.pin is None or uid_of(now) == step.pin.uid):
            self._left[step.target.ref] = pin_of(now)

    def _completed(self, step: Step) -> dict[str, str]:
        """Return the values of a step with what only this moment gives."""
        values = dict(step.values)
        if step.action is Action.NUDGE:
            values["annotation"] = self._journal.run_id
        elif step.action is Action.MARK:
            values["annotation"] = mark_text(values, self._ports.now())
        return values

    def _with_event(self, number: int, outcome: Outcome, values: Mapping[str, str], world: World) -> Outcome:
        """Also write the Event; the mark stands without it."""
        write = event_write(outcome.step, values, world, f"{self._journal.run_id.lower()}.{number}", self._ports.now())
        try:
            sent = self._ports.send(write, dry_run=False)
        except CosictlError as error:
            return replace(outcome, words=f"marked; the Event was not written: {error}")
        if sent.fate in {Fate.DONE, Fate.TAKEN}:
            return replace(outcome, words="marked, with an Event")
        return replace(outcome, words=f"marked; the Event was not written: {sent.words}")

    def _at_driver(self, number: int, step: Step, world: World) -> Outcome:
        now = self._ports.read(step.target)
        moved = pin_words(step.pin, now)
        if moved:
            return Outcome(step=step, result=Result.REFUSED, words=moved)
        self._begin(number, step, dict(step.values), now)
        said = self._ports.tell_driver(step, world)
        if not said.gone:
            return Outcome(step=step, result=Result.FAILED, words=said.words)
        key = "revoke" if step.action is Action.REVOKE_AT_DRIVER else "delete"
        self._confirmed.add(f"{key}:{step.values['account' if key == 'revoke' else 'bucket']}")
        more = any(other.needs for other in self._plan.steps if other.solves == step.solves)
        if more:
            return Outcome(step=step, result=Result.DONE, words=said.words)
        return verified(step, self._ports, wait=self._wait, values=step.values, found=said.words)

    def _begin(self, number: int, step: Step, values: Mapping[str, str], now: Json | None) -> None:
        backup = self._journal.backup(uid_of(now), number, now) if now is not None else ""
        self._journal.append(
            {
                "type": "begin",
                "step": number,
                "action": step.action.value,
                "object": str(step.target.ref),
                "values": dict(values),
                "before": version_of(now) if now is not None else "",
                "backup": backup,
                "at": self._ports.now().isoformat(),
            }
        )

    def _end(self, number: int, outcome: Outcome) -> None:
        self._journal.append(
            {
                "type": "end",
                "step": number,
                "result": outcome.result.value,
                "words": outcome.words,
                "remains": "" if outcome.result in _STOPS else outcome.remains or outcome.step.remains,
                "confirmed": sorted(self._confirmed),
                "at": self._ports.now().isoformat(),
            }
        )
