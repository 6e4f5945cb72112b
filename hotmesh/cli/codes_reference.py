"""docs/reference/codes.md, made of the codes and the errors: `python -m hotmesh.cli.codes_reference > docs/reference/codes.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from hotmesh import errors
from hotmesh.errors import CODES, HotMeshError, JobError, RemoteError

INTRODUCTION = """# Codes

Made of the source by `python -m hotmesh.cli.codes_reference`.

Whatever ends has a code: an activity, a job, an error in Python. Transitions choose by it (`conditions: {code: 422}`,
`'4xx'`), `retry` counts by it, `job_timeline` shows it. Your workers may answer any number from 100 to 999; these have a meaning:
"""

ADVICE: dict[int, str] = {
    200: "Edges without `conditions.code` are taken.",
    202: "The activity stays open: answer or signal again. Edges with `code: 202` are taken each time.",
    404: "Look at the id and the app (`--app`): jobs that have expired are gone.",
    409: "Choose another id, or `on_duplicate=`; the message says what stands in the way.",
    410: "Somebody, an `interrupt` activity or a dismissed escalation ended it; the reason is the message.",
    422: "The message names the place and what was expected. Nothing was stored.",
    500: "Look at the worker's traceback: `hotmesh status ID`, or `error.stack` of the export.",
    503: "Start Postgres, or the workers that are missing; the message says which.",
    504: "Ask later: `hotmesh status ID`, `await mesh.result(job_id)`.",
    590: "The message names the graph, the activity, the key and the row of the pipe. `hotmesh pipe '…' --trace` tries it.",
    596: "Raise `start_to_close_timeout` or `schedule_to_start_timeout`, or have the activity send heartbeats.",
    597: "Give the cycle an exit that is reached sooner.",
    598: "The worker said so (`Fatal`, `NonRetryable`), or the task killed its process again and again: see `hotmesh dead`.",
    599: "The worker said so (`Retryable`): the worker's policy decides how often.",
}
"""What to do about a code."""

OF_SQL: dict[str, str] = {
    "HM001": "Inside: a step was computed from a state that has moved on, or its job is paused; it is computed again.",
    "HM002": "Inside: a start carried a version that is not active any more; it is started again.",
    "HM003": "`hotmesh.pub`: a job with this id is alive.",
    "HM004": "Inside: a ledger would shrink; the job is read again from its rows.",
    "HM005": "Inside: a signal has settled the wait that a timer was for.",
    "HM006": "Inside: a message is no longer leased to this engine; its answer is dropped.",
    "HM404": "`hotmesh.pub`, `hotmesh.signal`: there is no such app, or no graph of its active version with this topic.",
}
"""The SQLSTATEs that HotMesh's functions raise."""

OF_COMMANDS = """## Exit codes of commands

See [the command line](command-line.md). Findings of the linter have codes of their own: [rules](rules.md).
"""


def page() -> str:
    """The whole page as Markdown."""
    codes = ["| code | means | what to do |", "|---|---|---|", *(f"| {code} | {told} | {ADVICE[code]} |" for code, told in CODES.items())]
    raised = ["| error | code | is raised when |", "|---|---|---|", *map(_row, _classes(HotMeshError))]
    states = ["| SQLSTATE | means |", "|---|---|", *(f"| `{state}` | {told} |" for state, told in OF_SQL.items())]
    parts = [
        INTRODUCTION,
        *codes,
        "\n## Errors in Python\n\nAll are in `hotmesh.errors`, below `HotMeshError`; each has its `code`.\n",
        *raised,
        "\n## Errors in SQL\n",
        *states,
        f"\n{OF_COMMANDS}",
    ]
    return "\n".join(parts)


def _classes(root: type[HotMeshError]) -> Iterator[type[HotMeshError]]:
    """The public errors below `root`, in the order of their source."""
    classes = [
        each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, root) and each.__module__ == errors.__name__
    ]
    return iter(sorted(classes, key=lambda each: inspect.getsourcelines(each)[1]))


def _row(error: type[HotMeshError]) -> str:
    """A class with its code; some carry that of the job or activity that failed."""
    code = "that of the failure" if issubclass(error, (JobError, RemoteError)) else str(error.code)
    told = " ".join(inspect.cleandoc(error.__doc__ or "").split("\n\n")[0].split())
    return f"| `{error.__name__}` | {code} | {told} |"


if __name__ == "__main__":
    print(page(), end="")
