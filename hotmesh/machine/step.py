"""The step: one event in, everything it changes out. No I/O, no clock, no asyncio.

`start` makes a job, `step` takes an event to it; both run the job until nothing moves and give back a `Step` to be committed as one.
"""

from __future__ import annotations

from typing import assert_never

from hotmesh.errors import PayloadError
from hotmesh.machine import activities, inbox, retry
from hotmesh.machine import ledger as digits
from hotmesh.machine.effects import DeadLetter, Message, Step, TaskRetry
from hotmesh.machine.events import (
    Cancelled,
    ChildAnswered,
    Continued,
    Event,
    Interrupted,
    Posted,
    Response,
    Retried,
    RetryDue,
    SignalReceived,
    TimerFired,
)
from hotmesh.machine.job import ENDED, Instance, JobState, Parent
from hotmesh.machine.plan import GraphPlan, Plan
from hotmesh.machine.run import MAX_ENTRIES, LimitError, Moment, Run
from hotmesh.machine.scope import PayloadScope
from hotmesh.values import UNDEFINED, Json


def start(
    plan: Plan,
    topic: str,
    payload: Json,
    moment: Moment,
    *,
    job_id: str,
    key: str,
    entity: str | None = None,
    parent: Parent | None = None,
    origin: str | None = None,
    trace: Json = None,
) -> tuple[JobState, Step]:
    """A new job and its first step.

    `job_id` is a fresh UUID, `key` the id its user knows. Raises UnknownTopic, PayloadError, PipeError; then there is no job.
    """
    graph = plan.graph_of(topic)
    reason = graph.validate(payload)
    if reason is not None:
        raise PayloadError(f"{topic} does not take this payload: {reason}")
    now_ms = moment.now_ms
    scope = PayloadScope(graph.trigger.id, payload, moment.now, moment.seed)
    job = JobState(job_id, key, topic, plan.program.version, created_ms=now_ms, updated_ms=now_ms)
    job.entity = _text(graph.trigger["entity"](scope)) or entity or graph.graph.entity
    job.parent, job.origin, job.trace = parent, origin, trace
    job.facets = _facets(graph, scope)
    step = Step()
    run = Run(plan, job, moment, step)
    run.enter(graph.trigger.id, (), 0, output=payload)
    _until_nothing_moves(run)
    step.forget_moot()
    return job, step


def step(plan: Plan, job: JobState, event: Event, moment: Moment, into: Step | None = None) -> Step:
    """Take an event to a job. `job` becomes its own successor; `into` is a step of the same commit that goes on.

    An event that comes late or twice changes nothing and is counted in `Step.dropped`.
    """
    done = into or Step()
    if job.done and not isinstance(event, Retried):
        done.dropped += 1
        return done
    run = Run(plan, job, moment, done)
    _take(run, event)
    _until_nothing_moves(run)
    done.forget_moot()
    job.updated_ms = moment.now_ms
    return done


def _take(run: Run, event: Event) -> None:
    match event:
        case Response():
            _on_response(run, event)
        case TimerFired():
            _on_timer(run, event)
        case SignalReceived():
            _on_signal(run, event)
        case ChildAnswered():
            _on_child(run, event)
        case RetryDue():
            if instance := _waiting(run, event):
                activities.begin(run, instance)
        case Interrupted():
            _on_interrupt(run, event)
        case Cancelled():
            _on_cancel(run, event)
        case Posted():
            inbox.post(run, event.payload)
        case Continued():
            _on_continued(run)
        case Retried():
            _on_retried(run)
        case _:
            assert_never(event)


def _until_nothing_moves(run: Run) -> None:
    """Begin what was entered, in order, until all that is left waits; then finish the job if nothing is."""
    while run.queue or run.ready_join():
        if run.entered == MAX_ENTRIES:
            run.step.messages.append(Message(run.make_id(), "continue", run.job.id))
            return
        instance = run.queue.popleft()
        run.entered += 1
        activities.begin(run, instance)
    if run.job.status == 0 and not run.job.done:
        run.complete()


def _begin_all(run: Run) -> None:
    """Begin everything that was entered."""
    while run.queue:
        activities.begin(run, run.queue.popleft())


def _waiting(run: Run, event: Response | TimerFired | SignalReceived | ChildAnswered | RetryDue) -> Instance | None:
    """The instance that an event is for, while it takes answers; else the event is dropped."""
    instance = run.job.open.get((event.activity_id, event.dimension))
    if instance is None or not digits.has_begun(instance.ledger):
        run.step.dropped += 1
        return None
    return instance


def _on_response(run: Run, event: Response) -> None:
    instance = _waiting(run, event)
    if instance is None:
        return
    if event.number is not None and event.number <= digits.answers(instance.ledger):
        run.step.dropped += 1
        return
    for key in event.withdrawn:
        run.withdraw(key)
    if event.aside is not None:
        inbox.put_aside(run, instance, event.aside)
        if event.aside.spawns:
            run.settle(instance, "pending", 202, event.data)
            _begin_all(run)
    if event.status != "error":
        run.settle(instance, event.status, event.code, event.data)
        for name in event.aside.transient if event.aside is not None else ():
            event.data.pop(name, None)
        if event.aside is not None and event.aside.restart is not UNDEFINED:
            inbox.restart(run, event.aside.restart)
        elif event.ends and not run.job.done:
            run.end_well()
        return
    attempt = digits.dispatches(instance.ledger)
    by_code = getattr(run.plan_of(instance).activity, "retry", {})
    retryable = event.retryable and not run.job.cancelled
    delay = retry.next_delay_s(by_code, event.policy, event.code, attempt, run.moment.seed) if retryable else None
    if delay is not None and event.task_id is not None and attempt < digits.MAX_DISPATCHES:
        _again(run, instance, event, delay)
        return
    if event.dead:
        error = {**event.error, "attempts": attempt}
        run.step.dead_letters.append(DeadLetter(event.task_id or "", event.activity_id, event.dimension, error))
    pauses = event.policy is not None and event.policy.on_exhausted == "pause" and retryable and not event.dead
    if pauses and attempt < digits.MAX_DISPATCHES:
        run.step.pause = True
        _again(run, instance, event, 0.0)
        return
    run.settle(instance, "error", event.code, UNDEFINED if event.data is None else event.data, event.error)


def _again(run: Run, instance: Instance, event: Response, delay_s: float) -> None:
    run.dispatched(instance)
    instance.error = event.error
    run.step.retries.append(TaskRetry(event.task_id or "", delay_s))


def _on_timer(run: Run, event: TimerFired) -> None:
    instance = _waiting(run, event)
    if instance is None:
        return
    run.step.settled_waits.extend(instance.wait_ids)
    if instance.escalation_id is not None:
        run.step.closed_escalations[instance.escalation_id] = "expired"
        instance.escalation_id = None
    instance.hook = {"timestamp": event.timestamp}
    run.settle(instance, "success", 200)


def _on_signal(run: Run, event: SignalReceived) -> None:
    instance = _waiting(run, event)
    if instance is None:
        return
    instance.hook = event.data
    status = "pending" if event.code == 202 or event.status == "pending" else event.status
    if status != "pending":
        if instance.message_id is not None:
            run.step.removed_messages.append(instance.message_id)
        run.step.removed_waits.extend(instance.wait_ids)
        if instance.escalation_id is not None:
            run.step.closed_escalations[instance.escalation_id] = "resolved"
    error = _signal_error(event) if status == "error" else None
    run.settle(instance, status, event.code, UNDEFINED, error)


def _signal_error(event: SignalReceived) -> Json:
    message = event.data.get("message") if isinstance(event.data, dict) else None
    return {"code": event.code, "message": message or "the signal said error"}


def _on_child(run: Run, event: ChildAnswered) -> None:
    instance = _waiting(run, event)
    if instance is None:
        return
    if event.status == "error":
        by_code = getattr(run.plan_of(instance).activity, "retry", {})
        attempt = digits.dispatches(instance.ledger)
        delay = retry.next_delay_s(by_code, None, event.code, attempt, run.moment.seed)
        if delay is not None and attempt < digits.MAX_DISPATCHES:
            message = Message(run.make_id(), "retry", run.job.id, instance.activity_id, instance.dimension, None, delay)
            instance.message_id, instance.error = message.id, event.error
            run.step.messages.append(message)
            run.touch(instance)
            return
    run.settle(instance, event.status, event.code, event.data, event.error)


def _on_interrupt(run: Run, event: Interrupted) -> None:
    error = {"code": event.code, "message": event.reason, "kind": "interrupted"} if event.throw else None
    if event.descend:
        run.step.descend = event._asdict()
    run.end(error, expire_s=event.expire_s)


def _on_cancel(run: Run, event: Cancelled) -> None:
    """End what waits for a time, a signal, a child or another attempt; what a worker has may finish, and nothing follows it.

    Which tasks a worker has is not known here: for each there is a message that takes back one that nobody has. A job with an inbox is
    told instead, and ends as it sees fit.
    """
    if run.graph.inbox is not None:
        inbox.post(run, {"kind": "cancel", "reason": event.reason})
        return
    run.job.cancelled = True
    run.job.error = {"code": Interrupted().code, "message": event.reason, "kind": "cancelled"}
    for instance in list(run.job.open.values()):
        if run.plan_of(instance).kind == "worker" and digits.has_begun(instance.ledger) and not instance.error:
            run.step.messages.append(Message(run.make_id(), "recall", run.job.id, *instance.key, run.job.error))
            continue
        run.release(instance)
        instance.message_id, instance.wait_ids = None, ()
        if not digits.has_begun(instance.ledger):
            run.dispatched(instance)
        if instance.error:
            run.settle(instance, "error", instance.error["code"], error=instance.error)
        else:
            run.settle(instance, "success", 200)


def _on_continued(run: Run) -> None:
    """Take up what was entered and has not begun."""
    for instance in run.job.open.values():
        if not digits.has_begun(instance.ledger):
            if run.plan_of(instance).gathers and not instance.passed:
                run.candidates.append((instance.activity_id, instance.dimension[:-1]))
            else:
                run.queue.append(instance)


def _on_retried(run: Run) -> None:
    """Open a failed job again and run the activity that failed it."""
    error = run.job.error or {}
    failed = run.job.instances.get((error.get("activity", ""), _dimension(error)))
    if not run.job.failed or failed is None:
        run.step.dropped += 1
        return
    run.job.done, run.job.error = False, None
    run.job.status -= ENDED
    run.step.expire_s = -1
    try:
        run.reenter(failed.activity_id, failed.dimension, failed.input)
    except LimitError as limit:
        run.fail({"code": limit.code, "message": str(limit)}, failed)


def _dimension(error: Json) -> tuple[int, ...]:
    return tuple(int(number) for number in error.get("dimension", "").split(",") if number)


def _facets(graph: GraphPlan, scope: PayloadScope) -> dict[str, Json] | None:
    facets = graph.trigger["facets"](scope) or {}
    key = graph.trigger["job_key"](scope)
    return (facets if key is None else {**facets, "key": key}) or None


def _text(value: Json) -> str | None:
    return None if value is None else str(value)
