"""What a reference means inside a job: `{a.output.data.x}`, `{$job.data.x}`, `{$self…}`, `{$item}`.

A reference to an ancestor reads the instance on the same path. A reference to a branch that was joined reads that branch's last
instance, and when a `foreach` lies between, the list of its instances in the order of the items.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zlib import crc32

from hotmesh.expr import walk
from hotmesh.machine.dimension import Dimension, to_text
from hotmesh.machine.job import Instance, JobState, iso_time
from hotmesh.machine.plan import ActivityPlan, GraphPlan
from hotmesh.values import UNDEFINED, Json


class JobScope:
    """The scope of one activity instance in one step."""

    __slots__ = ("_seed", "app_id", "graph", "instance", "job", "now", "plan")

    def __init__(
        self, app_id: str, graph: GraphPlan, job: JobState, plan: ActivityPlan, instance: Instance, now: datetime, seed: int
    ) -> None:
        self.app_id = app_id
        self.graph = graph
        self.job = job
        self.plan = plan
        self.instance = instance
        self.now = now
        self._seed = seed

    @property
    def seed(self) -> int:
        """The step's seed, different for every instance of the step."""
        return self._seed ^ crc32(f"{self.plan.id}{to_text(self.instance.dimension)}".encode())

    def resolve(self, root: str, path: tuple[str, ...]) -> object:
        """The value that a reference names; UNDEFINED when it is not there."""
        if root[0] == "$":
            return self._resolve_special(root, path)
        if root == self.plan.id:
            return _read(self.instance, self.plan, path)
        plan = self.graph.activities.get(root)
        if plan is None:
            return UNDEFINED
        depth = plan.depth
        if depth < len(self.plan.lineage) and self.plan.lineage[depth] == root:
            return self._on_path(plan, path)
        return self._on_branch(plan, path)

    def _resolve_special(self, root: str, path: tuple[str, ...]) -> object:
        if root == "$job":
            return self._job(path)
        if root == "$self":
            return _read(self.instance, self.plan, path)
        if root in ("$item", "$index", "$key"):
            return self._foreach(root, path)
        return UNDEFINED

    def _job(self, path: tuple[str, ...]) -> object:
        if not path:
            return {"data": dict(self.job.data), "metadata": self._job_metadata()}
        if path[0] == "data":
            return walk(self.job.data, path[1:]) if len(path) > 1 else dict(self.job.data)
        return walk(self._job_metadata(), path[1:]) if path[0] == "metadata" else UNDEFINED

    def _job_metadata(self) -> dict[str, Json]:
        return {**self.job.metadata(), "app": self.app_id, "aid": self.plan.id}

    def _foreach(self, root: str, path: tuple[str, ...]) -> object:
        """The item of the nearest instance on the path that a `foreach` entered."""
        for depth in range(len(self.instance.dimension) - 1, -1, -1):
            instance = self.job.instances.get((self.plan.lineage[depth], self.instance.dimension[: depth + 1]))
            if instance is not None and instance.index is not None:
                return walk(instance.item if root == "$item" else instance.index, path)
        return UNDEFINED

    def _on_path(self, plan: ActivityPlan, path: tuple[str, ...]) -> object:
        dimension = self.instance.dimension
        instance = self.job.instances.get((plan.id, dimension[: plan.depth + 1]))
        if self.job.answers and instance is not None:
            instance = self._answer(instance, plan) or instance
        return UNDEFINED if instance is None else _read(instance, plan, path)

    def _answer(self, instance: Instance, plan: ActivityPlan) -> Instance | None:
        """The pending answer that opened this branch; it is kept under the last dimension that it opened."""
        depth = plan.depth + 1
        first = self.job.instances.get((self.plan.lineage[depth], self.instance.dimension[: depth + 1]))
        number = self.instance.dimension[depth] if first is None or first.branch is None else first.branch
        kept = (self.job.answers.get((plan.id, (*instance.dimension, n))) for n in range(number, instance.opened))
        return next((answer for answer in kept if answer is not None), None)

    def _on_branch(self, plan: ActivityPlan, path: tuple[str, ...]) -> object:
        """The value of an activity in a joined branch: down from the last activity that both have above them."""
        common = 0
        for mine, its in zip(self.plan.lineage, plan.lineage, strict=False):
            if mine != its:
                break
            common += 1
        return self._descend(plan, common, self.instance.dimension[:common], path)

    def _descend(self, plan: ActivityPlan, depth: int, above: Dimension, path: tuple[str, ...]) -> object:
        parent = self.job.instances.get((plan.lineage[depth - 1], above))
        below = plan.lineage[depth]
        found = [n for n in range(parent.opened if parent else 0) if (below, (*above, n)) in self.job.instances]
        if not self.graph.activities[below].foreach_target:
            return self._branch_value(plan, depth, (*above, found[-1]), path) if found else UNDEFINED
        return [self._branch_value(plan, depth, (*above, number), path) for number in found]

    def _branch_value(self, plan: ActivityPlan, depth: int, dimension: Dimension, path: tuple[str, ...]) -> object:
        if depth == plan.depth:
            return _read(self.job.instances[plan.id, dimension], plan, path)
        return self._descend(plan, depth + 1, dimension, path)


class SignalScope:
    """The scope of `hooks[].conditions.match[].actual`: the incoming signal and nothing else."""

    __slots__ = ("data", "now", "seed")

    def __init__(self, data: Json, now: datetime, seed: int = 0) -> None:
        self.data = data
        self.now = now
        self.seed = seed

    def resolve(self, root: str, path: tuple[str, ...]) -> object:
        """The part of the signal that a `{$hook.data…}` reference names."""
        return walk({"data": self.data}, path) if root == "$hook" else UNDEFINED


class PayloadScope:
    """The scope of a trigger before its job is there: its own payload, which is its output."""

    __slots__ = ("now", "payload", "seed", "trigger")

    def __init__(self, trigger: str, payload: Json, now: datetime, seed: int) -> None:
        self.trigger = trigger
        self.payload = payload
        self.now = now
        self.seed = seed

    def resolve(self, root: str, path: tuple[str, ...]) -> object:
        """The part of the payload that `{trigger.output.data…}`, `{$self.output.data…}` or the same with `input` names."""
        own = {"data": self.payload}
        return walk({"output": own, "input": own}, path) if root in ("$self", self.trigger) else UNDEFINED


_SECTIONS = ("output", "input", "hook")


def _read(instance: Instance, plan: ActivityPlan, path: tuple[str, ...]) -> object:
    """`path` inside an instance: section, `data` or `metadata`, then keys."""
    if not path:
        return {section: _section(instance, plan, section) for section in _SECTIONS}
    section = path[0]
    if section not in _SECTIONS:
        return UNDEFINED
    if len(path) == 1:
        return _section(instance, plan, section)
    if path[1] == "data":
        return walk(getattr(instance, section), path[2:])
    if path[1] != "metadata":
        return UNDEFINED
    if len(path) == 2:
        return metadata(instance, plan)
    entry = _METADATA.get(path[2])
    return UNDEFINED if entry is None else walk(entry(instance, plan), path[3:])


def _section(instance: Instance, plan: ActivityPlan, section: str) -> dict[str, object]:
    data = getattr(instance, section)
    return {**({} if data is UNDEFINED else {"data": data}), "metadata": metadata(instance, plan)}


def metadata(instance: Instance, plan: ActivityPlan) -> dict[str, Json]:
    """`{a.output.metadata…}`: who the instance is, how it went and when."""
    return {name: entry(instance, plan) for name, entry in _METADATA.items()}


_METADATA: dict[str, Callable[[Instance, ActivityPlan], Json]] = {
    "aid": lambda instance, plan: plan.id,
    "dad": lambda instance, plan: to_text(instance.dimension),
    "as": lambda instance, plan: instance.status,
    "atp": lambda instance, plan: plan.kind,
    "stp": lambda instance, plan: getattr(plan.activity, "subtype", None),
    "ac": lambda instance, plan: iso_time(instance.created_ms),
    "au": lambda instance, plan: iso_time(instance.updated_ms),
    "err": lambda instance, plan: instance.error and instance.error["message"],
    "$error": lambda instance, plan: instance.error,
}
