"""Make the object of a cell, and tell the driver what to answer about it before its sidecar can ask."""

from dataclasses import dataclass

from cosictl.flows.measuring.objects import Set, access_status, access_tree, bucket_tree, probe_name
from cosictl.flows.measuring.ports import Ports, Stage, Tree
from cosictl.flows.measuring.probe import OF_ACCESS, Probe, Target, words_of
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes objects of one session; ``claim_uid`` is that of the claim they belong to."""

    ports: Ports
    names: Set
    stage: Stage
    speed: float
    claim_uid: str

    def make(self, target: Target, attempt: int) -> Probe:
        """Make one; ``attempt`` keeps its name apart from those of earlier lives. Raises ClusterError."""
        name = probe_name(self.names, target.rpc, target.code, attempt)
        return self._access(target, name) if target.rpc in OF_ACCESS else self._bucket(target, name)

    def _bucket(self, target: Target, name: str) -> Probe:
        if target.rpc is Rpc.DELETE:
            self.stage.tell(Rpc.CREATE, name, GrpcCode.OK)
        self._tell(target, name)
        return self._made(target, name, bucket_tree(self.names, name, target.rpc, self.claim_uid), "buckets")

    def _access(self, target: Target, name: str) -> Probe:
        probe = self._made(target, name, access_tree(self.names, name), "bucketaccesses")
        # The account is named after the object's UID; the driver waits for this.
        probe.key = f"ba-{probe.thing.uid}"
        if target.rpc is Rpc.REVOKE:
            self.stage.tell(Rpc.GRANT, probe.key, GrpcCode.OK)
        self._tell(target, probe.key)
        status = access_status(self.names)
        if status is not None:
            self.ports.kube.patch(probe.thing, {"status": status}, status=True)
        return probe

    def _tell(self, target: Target, key: str) -> None:
        self.stage.tell(target.rpc, key, target.code, words=words_of(target), watched=True)

    def _made(self, target: Target, name: str, tree: Tree, plural: str) -> Probe:
        thing = self.ports.kube.create(plural, tree)
        return Probe(target=target, key=name, thing=thing, speed=self.speed, made=self.ports.clock())
