"""The interpreter of one step: runs a job until nothing moves, writing down what changes in a `Step`.

`Run` holds what the activity kinds (machine/activities/) share: entering instances, settling them, firing edges, joins, the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hotmesh.duration import parse_duration
from hotmesh.errors import PipeError
from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import Dimension, to_text
from hotmesh.machine.edges import holds, items_of, place
from hotmesh.machine.effects import Message, Publication, Step
from hotmesh.machine.job import ENDED, Instance, JobState, Key
from hotmesh.machine.job_fields import fields_of
from hotmesh.machine.plan import ActivityPlan, Closure, EdgePlan, GraphPlan, Plan
from hotmesh.machine.scope import JobScope, PayloadScope
from hotmesh.values import UNDEFINED, Json

MAX_ENTRIES = 1_000
"""Activities entered in one step; the rest goes on as a message, so that a tight cycle can't hold a transaction."""

MAX_REENTRIES = 10_000
"""Re-entries of one activity below one parent instance."""

MAPPING_FAILED = 590
EXHAUSTED = 597


@dataclass(slots=True)
class Moment:
    """What a step can't make itself: the time, the seed of its random numbers, and fresh ids."""

    now: datetime
    seed: int
    make_id: Callable[[], str]

    @property
    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self.now.timestamp() * 1000)


def job_key(plan: Plan, topic: str, payload: Json, moment: Moment, fallback: str) -> str:
    """The id of the job that a payload starts: the trigger's `stats.id`, else `fallback`. Raises PipeError, UnknownTopic."""
    trigger = plan.graph_of(topic).trigger
    value = trigger["job_id"](PayloadScope(trigger.id, payload, moment.now, moment.seed))
    return fallback if value is None or value == "" else str(value)


class Run:
    """One step in the making."""

    __slots__ = ("_now_ms", "_scope", "candidates", "entered", "graph", "job", "make_id", "moment", "plan", "queue", "step")

    def __init__(self, plan: Plan, job: JobState, moment: Moment, step: Step) -> None:
        self.plan = plan
        self.graph: GraphPlan = plan.graphs[job.topic]
        self.job = job
        self.moment = moment
        self._now_ms = moment.now_ms
        self.make_id = moment.make_id
        self.step = step
        self._scope: JobScope | None = None
        """The scope asked for last; most are asked for several times in a row."""
        self.queue: deque[Instance] = deque()
        self.candidates: deque[Key] = deque()
        """Joins, by their scope's dimension, that may be ready: looked at when the queue is empty."""
        self.entered = 0

    # ---- reading

    def plan_of(self, instance: Instance) -> ActivityPlan:
        """The activity that an instance is of."""
        return self.graph.activities[instance.activity_id]

    def scope(self, instance: Instance) -> JobScope:
        """Where the references of an instance's templates look."""
        scope = self._scope
        if scope is None or scope.instance is not instance:
            moment = self.moment
            scope = JobScope(self.plan.program.id, self.graph, self.job, self.plan_of(instance), instance, moment.now, moment.seed)
            self._scope = scope
        return scope

    def value(self, closure: Closure, instance: Instance, key: str) -> Json:
        """A template's value as JSON. Raises PipeError naming `key`."""
        try:
            return closure(self.scope(instance))
        except PipeError as raised:
            place(raised, key)
            raise

    def payload(self) -> Json:
        """What the job was started with."""
        return self.job.instances[self.graph.trigger.id, (0,)].output

    def mapped_input(self, instance: Instance, plan: ActivityPlan) -> Json:
        """What the instance is sent: a cycle's maps when it was entered by one, its own maps, else the job's payload."""
        if instance.input is not UNDEFINED:
            return instance.input
        return self.payload() if plan.input_maps is None else self.value(plan.input_maps, instance, "input.maps")

    # ---- entering

    def enter(self, activity_id: str, above: Dimension, number: int, **given: Json) -> Instance:
        """Open an instance below the one at `above`; it begins when its turn comes."""
        plan = self.graph.activities[activity_id]
        instance = Instance(activity_id, (*above, number), created_ms=self._now_ms, **given)
        if above:
            parent = self.job.instances[plan.lineage[-2], above]
            parent.opened = max(parent.opened, number + 1)
        self.job.instances[instance.key] = instance
        self.job.open[instance.key] = instance
        self.job.status += 1
        self.step.touched[instance.key] = True
        self._count_joins(instance, +1)
        if plan.gathers and not instance.passed:
            self.candidates.append((activity_id, above))
        else:
            self.queue.append(instance)
        return instance

    def touch(self, instance: Instance) -> None:
        """The instance's row is to be written."""
        instance.updated_ms = self._now_ms
        self.step.touched.setdefault(instance.key, False)

    def forget(self, instance: Instance) -> None:
        """Write no row for an instance that began and ended in this very step; its number is free again unless others have it."""
        if not self.step.touched.get(instance.key):
            return
        job, place = self.job, instance.dimension
        del self.step.touched[instance.key], job.instances[instance.key]
        parent = self.graph.activities[self.plan_of(instance).lineage[-2]]
        shared = (parent.id, place) in job.answers or any((edge.target, place) in job.instances for edge in parent.edges)
        above = job.instances[parent.id, place[:-1]]
        if above.opened == place[-1] + 1 and not shared:
            above.opened = place[-1]

    def dispatched(self, instance: Instance) -> None:
        """Leg 1 is done (once more)."""
        instance.ledger = digits.dispatch(instance.ledger)
        self.touch(instance)

    def _count_joins(self, instance: Instance, by: int) -> None:
        for join, depth in self.graph.activities[instance.activity_id].joins_ahead:
            if len(instance.dimension) > depth:
                key = (join, instance.dimension[: depth + 1])
                count = self.job.joins[key] = self.job.joins.get(key, 0) + by
                if count == 0:
                    self.candidates.append(key)

    def ready_join(self) -> bool:
        """Queue one join that no open branch can reach any more; whether there was one."""
        while self.candidates:
            join, above = self.candidates.popleft()
            waiting = self.job.open.get((join, (*above, 0)))
            if self.job.joins.get((join, above), 0) == 0 and waiting is not None and not digits.has_begun(waiting.ledger):
                self.job.joins.pop((join, above), None)
                self.queue.append(waiting)
                return True
        return False

    # ---- settling

    def settle(self, instance: Instance, status: str, code: int, output: Json = UNDEFINED, error: Json = None) -> None:
        """Take an answer: write it down, run the maps, fire the edges; what no edge takes and is an error fails the job."""
        plan, base = self.plan_of(instance), instance.opened
        self._answer(instance, status, code, output, error, final=status != "pending")
        try:
            self._map(instance, plan)
            fired = self._fire(instance, plan, instance.status, instance.code)
        except PipeError as raised:
            fired = self._raised(instance, plan, raised)
        if digits.is_open(instance.ledger):
            self._keep_answer(instance, base)
        elif instance.status == "error" and not fired and not self.job.cancelled:
            self.fail(instance.error or _error(instance.code, "the activity failed"), instance)

    def _answer(self, instance: Instance, status: str, code: int, output: Json, error: Json, *, final: bool) -> None:
        try:
            instance.ledger = digits.answer(instance.ledger, final=final)
        except digits.LedgerError as fault:
            status, code, error = "error", EXHAUSTED, _error(EXHAUSTED, str(fault))
            instance.ledger = digits.close(instance.ledger)
            self.release(instance)
            final = True
        instance.status, instance.code, instance.error = status, code, error
        if output is not UNDEFINED:
            instance.output = output
        self.touch(instance)
        if final:
            self._closed(instance)

    def _closed(self, instance: Instance) -> None:
        del self.job.open[instance.key]
        self.job.status -= 1
        self._count_joins(instance, -1)
        instance.message_id = None
        instance.wait_ids = ()

    def _map(self, instance: Instance, plan: ActivityPlan) -> None:
        if plan.output_maps is not None:
            added = self.value(plan.output_maps, instance, "output.maps")
            own = instance.output if isinstance(instance.output, dict) else {}
            instance.output = {**own, **added} if isinstance(added, dict) else added
        if plan.telemetry is not None:
            self.step.telemetry[instance.key] = self.value(plan.telemetry, instance, "telemetry")
        self.map_job(instance, plan)
        if plan.emit is not None and self.value(plan.emit, instance, "emit") is True:
            self._publish(final=False)
        if plan.persist is not None and self.value(plan.persist, instance, "persist") is True:
            self._persist(instance)

    def _persist(self, instance: Instance) -> None:
        """Begin to count down; the first time, what the data is by now is final. Raises PipeError for an `expire` that is no duration."""
        self.step.expires, self.step.expire_s = True, self._kept_s(instance)
        if not self.job.final:
            self._publish(final=True)
            self.job.final = True

    def map_job(self, instance: Instance, plan: ActivityPlan) -> None:
        """Run `job.maps`, and those for the code. Raises PipeError."""
        if plan.job_maps is not None:
            self.merge(self.value(plan.job_maps, instance, "job.maps"))
        by_code = plan.job_maps_by_code
        if by_code:
            text = str(instance.code)
            for code in (text, f"{text[0]}xx"):
                if code in by_code:
                    self.merge(self.value(by_code[code], instance, f"job.{code}.maps"))

    def merge(self, values: Json) -> None:
        """Put values into the job's data, field by field."""
        if not isinstance(values, dict):
            raise PipeError(f"job.maps gives {type(values).__name__}, not a map", path="job.maps")
        for name, value in values.items():
            for field, held in fields_of(name, value, self.job.data):
                self.step.fields.setdefault(field, field not in self.job.data)
                self.job.data[field] = held

    def _raised(self, instance: Instance, plan: ActivityPlan, raised: PipeError) -> bool:
        """A map or a condition raised: the activity fails with 590, and an edge for that code may still take it."""
        instance.status, instance.code = "error", MAPPING_FAILED
        instance.error = self.mapping_error(instance, raised)
        if digits.is_open(instance.ledger):
            instance.ledger = digits.close(instance.ledger)
            self.release(instance)
            self._closed(instance)
        try:
            return self._fire(instance, plan, "error", MAPPING_FAILED)
        except PipeError:
            return False

    def mapping_error(self, instance: Instance, raised: PipeError) -> Json:
        """The error with its exact place."""
        place = f"{self.job.topic}: {instance.activity_id}"
        return {**_error(MAPPING_FAILED, f"{place}: {raised}"), "activity": instance.activity_id, "graph": self.job.topic}

    def _keep_answer(self, instance: Instance, base: int) -> None:
        """Keep a pending answer under the last dimension it opened, at least `base`, for the references of the branch it began."""
        instance.opened = max(instance.opened, base + 1)
        dimension = (*instance.dimension, instance.opened - 1)
        kept = Instance(
            instance.activity_id,
            dimension,
            digits.close(digits.OPEN),
            instance.input,
            instance.output,
            instance.hook,
            status=instance.status,
            code=instance.code,
            created_ms=self._now_ms,
            updated_ms=self._now_ms,
        )
        self.job.answers[kept.key] = kept
        self.step.touched[kept.key] = True

    # ---- firing

    def _fire(self, instance: Instance, plan: ActivityPlan, status: str, code: int) -> bool:
        """Enter the targets of every edge whose conditions hold; whether there was one."""
        if self.job.done or self.job.cancelled:
            return False
        edges = plan.edges_for(status, code)
        if not edges:
            return False
        scope = self.scope(instance)
        taken = [(edge, items_of(edge, scope)) for edge in edges if not edge.match or holds(edge, scope)]
        base = instance.opened
        for edge, items in taken:
            self._follow(edge, items, instance, base)
        return bool(taken)

    def _follow(self, edge: EdgePlan, items: list[Json] | None, instance: Instance, base: int) -> None:
        target = self.graph.activities[edge.target]
        if target.activity.join:
            above = instance.dimension[: self.graph.activities[target.activity.join_scope or ""].depth + 1]
            if (target.id, (*above, 0)) not in self.job.instances:
                self.enter(target.id, above, 0)
        elif items is None:
            self.enter(target.id, instance.dimension, base)
        else:
            for number, item in enumerate(items):
                self.enter(target.id, instance.dimension, base + number, item=item, index=number)

    def reenter(self, activity_id: str, dimension: Dimension, payload: Json) -> None:
        """Enter an activity again beside its instance at `dimension`. Raises PipeError after 10,000 times."""
        plan = self.graph.activities[activity_id]
        if plan.depth == 0:
            raise LimitError("a trigger can't be entered again")
        former = self.job.instances[activity_id, dimension]
        above = self.job.instances[plan.lineage[plan.depth - 1], dimension[:-1]]
        number = above.opened
        if number > MAX_REENTRIES:
            raise LimitError(f"{activity_id} was entered {MAX_REENTRIES:,} times below one {above.activity_id}")
        branch = former.dimension[-1] if former.branch is None and self.job.answers else former.branch
        given = {"item": former.item, "index": former.index, "branch": branch}
        self.enter(activity_id, dimension[:-1], number, input=payload, passed=True, **given)

    # ---- the end

    def release(self, instance: Instance) -> None:
        """Take back what an instance waits for: its task or timer, its registrations, its escalation."""
        if instance.message_id is not None:
            (self.step.removed_tasks if self.plan_of(instance).kind == "worker" else self.step.removed_messages).append(instance.message_id)
        self.step.removed_waits.extend(instance.wait_ids)
        if instance.escalation_id is not None:
            self.step.closed_escalations.setdefault(instance.escalation_id, "cancelled")

    def fail(self, error: dict[str, Json], instance: Instance) -> None:
        """End the job with the error of one of its instances."""
        self.end({**error, "activity": instance.activity_id, "dimension": to_text(instance.dimension)})

    def end(self, error: Json, *, expire_s: float | None = None) -> None:
        """End the job otherwise than by completing: whatever is open is closed and taken back. `error` None = ended without one."""
        for key in list(self.job.open):
            self.withdraw(key)
        self.queue.clear()
        self.job.joins.clear()
        self.job.status += ENDED
        self.job.error = error
        self._finish(expire_s)

    def withdraw(self, key: Key, *, abandon: bool = False) -> None:
        """Close an instance that nobody waits for any more; an abandoned child goes on."""
        instance = self.job.open.get(key)
        if instance is None:
            return
        if not (abandon and self.plan_of(instance).kind == "await"):
            self.release(instance)
        instance.ledger = digits.close(instance.ledger)
        instance.status = "interrupted"
        self.touch(instance)
        self._closed(instance)

    def end_well(self) -> None:
        """Complete the job now: whatever is still open is closed and taken back; children go on."""
        for key in list(self.job.open):
            self.withdraw(key, abandon=True)
        self.queue.clear()
        self.job.joins.clear()
        self._finish(None)

    def complete(self) -> None:
        """End the job well: its semaphore is zero."""
        if self.job.cancelled:
            self.job.status += ENDED
        self._finish(None)

    def _finish(self, expire_s: float | None) -> None:
        self.job.done = True
        self.job.updated_ms = self._now_ms
        self.step.expires = True
        self.step.expire_s = self._expiry() if expire_s is None else expire_s
        if not self.job.final:
            self._publish(final=True)

    def _publish(self, *, final: bool) -> None:
        """Tell those who listen to the graph's topic, and the parent that waits."""
        if self.graph.publishes is not None:
            self.step.publications.append(Publication(self.graph.publishes, final, dict(self.job.data)))
        parent = self.job.parent
        if parent is None or not parent.waits or self.job.final:
            return
        error = self.job.error if final else None
        code = error["code"] if error else 200 if final else 202
        status = "error" if error else "success" if final else "pending"
        payload = {"child_id": self.job.id, "status": status, "code": code, "data": dict(self.job.data), "error": error}
        self.step.messages.append(Message(self.make_id(), "child", parent.job_id, parent.activity_id, parent.dimension, payload))

    def _expiry(self) -> float | None:
        """Seconds the ended job's rows stay; an `expire` that gives no duration is told in its error."""
        trigger = self.job.instances[self.graph.trigger.id, (0,)]
        try:
            return self._kept_s(trigger)
        except PipeError as raised:
            self.job.error = self.job.error or self.mapping_error(trigger, raised)
            return None

    def _kept_s(self, instance: Instance) -> float | None:
        """Seconds the job's rows stay, from its graph's `expire`; None = the setting's default. Raises PipeError."""
        return None if self.graph.expire is None else self.duration(self.graph.expire, instance, "expire")

    def duration(self, template: Closure, instance: Instance, name: str) -> float | None:
        """The seconds that a template gives, None for nothing. Raises PipeError for what is no duration."""
        value = self.value(template, instance, name)
        if value is None or value == "":
            return None
        try:
            return parse_duration(value)
        except ValueError as reason:
            raise PipeError(str(reason), path=name) from reason


class LimitError(PipeError):
    """A limit of the language is reached: the activity fails with 597."""

    code = EXHAUSTED


def _error(code: int, message: str) -> dict[str, Json]:
    return {"code": code, "message": message}
