"""One sidecar and one driver's name: cells measured phase by phase, and started again where an answer ends it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from cosictl.diagnosis.measured import Trial
from cosictl.errors import ClusterError, CosictlError
from cosictl.flows.measuring.objects import (
    Set,
    claim_status,
    claim_tree,
    class_tree,
    lease_names,
    static_status,
    static_tree,
)
from cosictl.flows.measuring.ports import Ports, Stage, Thing
from cosictl.flows.measuring.probe import ENDING, Probe, Target
from cosictl.flows.measuring.watch import Pace, Watch
from cosictl.model.refs import Rpc

# So many of the last first answers are tried alone where a sidecar has died.
_SUSPECTS: Final = 3
# After so many deaths that no single answer explains the rest is given up.
_DEATHS: Final = 3
_DEATHS_OF_OTHERS: Final = 6
# Seconds of the wall for a sidecar of ours to ask the driver who it is.
_START: Final = 60.0
LEASES: Final = "coordination.k8s.io/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a session saw: a trial for every cell, and the probes behind them."""

    trials: tuple[Trial, ...] = ()
    probes: tuple[Probe, ...] = ()


@dataclass(slots=True, kw_only=True)
class Session:
    """A driver's name, a sidecar that serves it, and the objects that both need."""

    ports: Ports
    names: Set
    pace: Pace
    pod_namespace: str
    stage: Stage
    claim_uid: str = ""
    again: bool = True
    suspected: dict[Target, int] = field(default_factory=dict)
    targets: dict[tuple[Rpc, str], Target] = field(default_factory=dict)

    def open(self) -> None:
        """Make what all cells share and start the sidecar; raises CosictlError where it does not come up."""
        kube, names = self.ports.kube, self.names
        claim = kube.create("bucketclaims", claim_tree(names))
        self.claim_uid = claim.uid
        static = kube.create("buckets", static_tree(names, claim.uid))
        kube.patch(static, {"status": static_status(names)}, status=True)
        kube.patch(claim, {"status": claim_status(names)}, status=True)
        kube.create("bucketaccessclasses", class_tree(names))
        self.start()

    def start(self) -> None:
        """Start the sidecar and wait until it has asked the driver who it is."""
        asked = self.stage.asked
        self.stage.start(self.pod_namespace)
        ends = self.ports.clock() + _START
        while self.stage.asked == asked:
            self.ports.sleep(0.05)
            if not self.ports.own:
                continue
            if not self.stage.alive():
                raise CosictlError(
                    "the sidecar ended before it had asked the driver anything",
                    meaning=self.stage.last_words(),
                    next_step="try the command line by hand; {socket} and {kubeconfig} in it are replaced",
                )
            if self.ports.clock() > ends:
                raise CosictlError(
                    f"the sidecar did not call the driver in {_START:g} s",
                    meaning="it uses another socket, or speaks the other version",
                    next_step="name the socket with {socket} in --binary, and the version with --api",
                )

    def restart(self) -> None:
        """End the sidecar and start it again; one that somebody else starts has done so already."""
        if not self.ports.own:
            return
        self.stage.stop()
        self.free_leases()
        self.start()

    def free_leases(self) -> None:
        """Remove the Leases that the sidecar took; they are named after a driver that nobody else has.

        Where that is refused the end of the run comes back to it, and says so.
        """
        names = lease_names(self.names.driver)
        with suppress(ClusterError):
            for tree in self.ports.kube.list(LEASES, "leases", namespace=self.pod_namespace if self.ports.own else ""):
                meta = tree["metadata"]
                if meta["name"] in names:
                    place = {"namespace": meta.get("namespace", ""), "name": meta["name"], "uid": meta["uid"]}
                    self.ports.kube.remove(Thing(api_version=LEASES, plural="leases", **place))

    def close(self) -> None:
        """End the sidecar and the driver, and remove the Leases."""
        self.stage.close()
        self.free_leases()

    # --- phases -----------------------------------------------------------------------------------------------------

    def run(self, targets: Sequence[Target], *, for_backoff: bool, dies_alone: Callable[[Target], bool]) -> Seen:
        """Measure cells: first those that end an object, then those that make one, so that a crash spoils neither."""
        ending = [target for target in targets if target.rpc in ENDING]
        making = [target for target in targets if target.rpc not in ENDING]
        seen = Seen()
        for cells, keeps in ((ending, False), (making, for_backoff)):
            if cells:
                found = self._phase(cells, for_backoff=keeps, dies_alone=dies_alone)
                seen = Seen(trials=seen.trials + found.trials, probes=seen.probes + found.probes)
        return seen

    def _phase(self, cells: Sequence[Target], *, for_backoff: bool, dies_alone: Callable[[Target], bool]) -> Seen:
        done: dict[Target, Trial] = {}
        probes: list[Probe] = []
        todo, deaths, attempt = list(cells), 0, 0
        while todo:
            watch = self.watch(todo, attempt, for_backoff=for_backoff)
            survived = self._watched(watch)
            done |= watch.known(everything=survived)
            probes += watch.probes
            if not (survived and for_backoff):
                watch.drop()
            if survived:
                break
            culprit = self._culprit(watch, dies_alone)
            deaths += culprit is None or culprit in done
            if culprit is not None:
                done[culprit] = Trial(rpc=culprit.rpc, code=culprit.code, calls=1, crashed=True)
            todo = [target for target in cells if target not in done]
            if deaths >= (_DEATHS if self.ports.own else _DEATHS_OF_OTHERS):
                done |= {target: self._lost(target) for target in todo}
                break
            attempt += 1
            self.restart()
        return Seen(trials=tuple(done[target] for target in cells), probes=tuple(probes))

    def watch(self, cells: Sequence[Target], attempt: int, *, for_backoff: bool) -> Watch:
        """Make the objects of some cells, to be watched."""
        watch = Watch(
            self.ports,
            self.names,
            self.stage,
            pace=self.pace,
            claim_uid=self.claim_uid,
            for_backoff=for_backoff,
        )
        watch.can_restart = self.ports.own and self.again
        watch.make(cells, attempt)
        return watch

    def _watched(self, watch: Watch) -> bool:
        """Watch to the end; False where the sidecar died."""
        least = self.pace.watch_for / self.pace.speed
        while watch.step():
            if watch.is_over(least=least):
                return True
            if watch.waits_for_restart():
                # main of March 2026 sees the deletion of an access only when it starts.
                self.again = False
                self.restart()
                watch.restarted()
        return False

    def _culprit(self, watch: Watch, dies_alone: Callable[[Target], bool]) -> Target | None:
        """Find the answer that the sidecar died of: one of the last first answers of the life that is over.

        A sidecar of ours is started again with each of them alone. One that somebody else starts has died of the same
        first answer twice; it may have died again before the objects of its last life were removed.
        """
        self.targets |= {(probe.target.rpc, probe.key): probe.target for probe in watch.probes}
        lives: dict[int, list[Target]] = {}
        for life, rpc, key in self.stage.met():
            if (rpc, key) in self.targets:
                lives.setdefault(life, []).append(self.targets[rpc, key])
        if self.ports.own:
            suspects = list(dict.fromkeys(reversed(lives.get(watch.life, []))))
            return next((target for target in suspects[:_SUSPECTS] if dies_alone(target)), None)
        for life in range(watch.life, self.stage.life):
            for target in lives.get(life, [])[-1:]:
                self.suspected[target] = self.suspected.get(target, 0) + 1
        return next((target for target, times in self.suspected.items() if times > 1), None)

    def _lost(self, target: Target) -> Trial:
        why = "the sidecar ended again and again, and no single answer explains it"
        return Trial(rpc=target.rpc, code=target.code, why=why)
