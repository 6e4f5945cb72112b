"""Every error HotMesh raises: one tree, each class with its code (design: an error says its consequence).

`code` is the number a workflow's transitions see; `HotMeshError.__str__` is one sentence that says what is wrong and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from hotmesh.diagnostic import Diagnostic
from hotmesh.values import Json


class HotMeshError(Exception):
    """The root of the tree."""

    code: int = 500


class CompileError(HotMeshError):
    """An app has errors; nothing was stored. `diagnostics` holds every finding, in the order of the source."""

    code = 422

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


class PipeError(HotMeshError):
    """A mapping, a condition or a pipe raised. `row` and `cell` count from 0; `path` is the key inside the map."""

    code = 590

    def __init__(
        self, message: str, *, row: int | None = None, cell: int | None = None, function: str | None = None, path: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.row = row
        self.cell = cell
        self.function = function
        self.path = path

    def __str__(self) -> str:
        places = [
            f"key {self.path}" if self.path else "",
            f"row {self.row}" if self.row is not None else "",
            f"cell {self.cell}" if self.cell is not None else "",
        ]
        where = ", ".join(place for place in places if place)
        return f"{self.message} ({where})" if where else self.message


class ConnectionError(HotMeshError):
    """Postgres can't be reached, is too old, or the role lacks a right; the message says which and what to do."""

    code = 503


class SettingsError(HotMeshError):
    """A setting has a value it doesn't take; the message names it, where it was read, and what it takes."""

    code = 422


class SchemaError(HotMeshError):
    """An app's schema in the database can't be used: its id is no name, it is another app's, or another HotMesh wrote it."""

    code = 409


class VersionError(HotMeshError):
    """A version can't be stored or activated: jobs run under it with another content, or nobody deployed it."""

    code = 409


class RoleError(HotMeshError):
    """A worker role is not there, or its name is another role's."""

    code = 404


class PayloadError(HotMeshError):
    """A payload does not fit the schema; nothing was stored."""

    code = 422


class UnknownTopic(HotMeshError):
    """No graph, worker or hook of the active version has this topic."""

    code = 404


class NotActive(HotMeshError):
    """The app has no active version yet; deploy and activate one."""

    code = 404


class JobNotFound(HotMeshError):
    """There is no job with this id."""

    code = 404


class FilterError(HotMeshError):
    """A filter of a list can't be read; the message names the word and what it takes."""

    code = 422


class EscalationError(HotMeshError):
    """An escalation can't be had: another one has claimed it, it is closed, or its hook waits no more."""

    code = 409


class JobPaused(HotMeshError):
    """The job is paused; resume it first."""

    code = 409


class DuplicateJobError(HotMeshError):
    """A job with this id is alive already."""

    code = 409


class JobError(HotMeshError):
    """A job ended with an error."""

    def __init__(self, message: str, *, code: int, job_id: str, stack: str | None = None, data: Json = None, error: Json = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.job_id = job_id
        self.stack = stack
        self.data = data
        self.error = error
        """The whole error, as the job's row has it."""


class JobTimeout(HotMeshError):
    """The caller's wait timed out; the job goes on."""

    code = 504


class Retryable(HotMeshError):
    """Raised by a worker: try this activity again, whatever its code."""

    code = 599


class Fatal(HotMeshError):
    """Raised by a worker: do not try this activity again."""

    code = 598


class StaleStep(HotMeshError):
    """A step lost its race: the job has moved on, and the step must be computed again. Never leaves the runtime."""

    code = 409


class RenderError(HotMeshError):
    """A picture can't be drawn: a program is missing, or it failed; the message says what to do."""

    code = 500


class WorkflowError(JobError):
    """A workflow ended with an error. `type` names the Python class of its cause; `cause` is the whole error as JSON."""

    def __init__(
        self,
        message: str,
        *,
        code: int,
        job_id: str,
        stack: str | None = None,
        data: Json = None,
        type: str | None = None,
        cause: Json = None,
    ) -> None:
        super().__init__(message, code=code, job_id=job_id, stack=stack, data=data)
        self.type = type
        self.cause = cause


class WorkflowCancelled(WorkflowError):
    """A workflow ended because it was asked to (`handle.cancel()`)."""


class WorkflowTerminated(WorkflowError):
    """A workflow was ended from outside at once (`handle.terminate()`)."""


class WorkflowTimeout(WorkflowError):
    """A workflow did not end within its `execution_timeout`."""


class RemoteError(HotMeshError):
    """Something that a workflow waited for failed elsewhere: `type` its class there, `stack` its traceback, `cause` its error as JSON."""

    def __init__(self, message: str, *, code: int = 500, type: str | None = None, stack: str | None = None, cause: Json = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.type = type
        self.stack = stack
        self.cause = cause


class ActivityError(RemoteError):
    """An activity failed and won't be tried again; raised at its `await` in the workflow."""


class ActivityTimeout(ActivityError):
    """An activity took longer than its `start_to_close_timeout`, waited longer than `schedule_to_start_timeout`, or fell silent."""


class ChildError(RemoteError):
    """A child workflow failed; raised at its `await` in the parent."""


class NonRetryable(Fatal):
    """Raised by an activity: do not try it again. `NonRetryable(err)` keeps the type, the message and the traceback of `err`."""


class EscalationCancelled(HotMeshError):
    """The escalation that a workflow waited for was cancelled."""

    code = 410


class WorkflowViolation(HotMeshError):
    """Workflow code did what a replay can't repeat: a clock, randomness, I/O, a thread. The message names the durable way."""


class NonDeterminismError(HotMeshError):
    """The workflow's code no longer does what its history says. The job waits for a deployment that does."""


class SerializationError(HotMeshError, TypeError):
    """A value is not JSON and has no form in it; the message names its path."""

    code = 422


CODES: dict[int, str] = {
    200: "success",
    202: "pending, more to come",
    404: "no such job, topic or role",
    409: "duplicate job id, or the state does not allow it",
    410: "interrupted",
    422: "payload, app or setting does not fit",
    500: "worker error without its own code",
    503: "Postgres or a worker is not there",
    504: "caller's wait timed out (the job goes on)",
    590: "mapping or condition raised",
    596: "timeout of an activity or a workflow",
    597: "limit of re-entries reached",
    598: "fatal, do not retry",
    599: "retryable",
}
"""Every code of the language, with its meaning (design: errors, codes, retry)."""
