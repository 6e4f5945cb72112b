"""HotMesh: durable workflows on Postgres. No server, no queue, just your database.

The stages, in the order of the data (docs/explanation): source, lint and compile make a `Program` of a YAML app; `machine.step` decides,
`store` commits, `runtime` performs; `client.HotMesh` and `durable.Durable` are what users call.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "HotMesh": "hotmesh.client.hotmesh",
    "Durable": "hotmesh.durable",
    "Worker": "hotmesh.client.worker",
    "RestrictedWorker": "hotmesh.client.restricted",
    "Manifest": "hotmesh.client.versions",
    "JobOutput": "hotmesh.client.output",
    "Observer": "hotmesh.client.observer",
    "Execution": "hotmesh.export.execution",
    "JobExport": "hotmesh.export.sections",
    "StreamData": "hotmesh.runtime.stream",
    "StreamResponse": "hotmesh.runtime.stream",
    "RetryPolicy": "hotmesh.machine.retry",
    "compile_app": "hotmesh.compile",
    "evaluate_pipe": "hotmesh.expr.evaluate",
    "UNDEFINED": "hotmesh.values",
    "HotMeshError": "hotmesh.errors",
    "CompileError": "hotmesh.errors",
    "PipeError": "hotmesh.errors",
    "JobError": "hotmesh.errors",
    "JobTimeout": "hotmesh.errors",
    "JobNotFound": "hotmesh.errors",
    "DuplicateJobError": "hotmesh.errors",
    "PayloadError": "hotmesh.errors",
    "Fatal": "hotmesh.errors",
    "Retryable": "hotmesh.errors",
}
"""The public names and where they live; imported when first used."""

if TYPE_CHECKING:
    from hotmesh import durable as Durable  # noqa: F401, N812
    from hotmesh.client.hotmesh import HotMesh as HotMesh
    from hotmesh.client.observer import Observer as Observer
    from hotmesh.client.output import JobOutput as JobOutput
    from hotmesh.client.restricted import RestrictedWorker as RestrictedWorker
    from hotmesh.client.versions import Manifest as Manifest
    from hotmesh.client.worker import Worker as Worker
    from hotmesh.compile import compile_app as compile_app
    from hotmesh.errors import CompileError as CompileError
    from hotmesh.errors import DuplicateJobError as DuplicateJobError
    from hotmesh.errors import Fatal as Fatal
    from hotmesh.errors import HotMeshError as HotMeshError
    from hotmesh.errors import JobError as JobError
    from hotmesh.errors import JobNotFound as JobNotFound
    from hotmesh.errors import JobTimeout as JobTimeout
    from hotmesh.errors import PayloadError as PayloadError
    from hotmesh.errors import PipeError as PipeError
    from hotmesh.errors import Retryable as Retryable
    from hotmesh.export.execution import Execution as Execution
    from hotmesh.export.sections import JobExport as JobExport
    from hotmesh.expr.evaluate import evaluate_pipe as evaluate_pipe
    from hotmesh.machine.retry import RetryPolicy as RetryPolicy
    from hotmesh.runtime.stream import StreamData as StreamData
    from hotmesh.runtime.stream import StreamResponse as StreamResponse
    from hotmesh.values import UNDEFINED as UNDEFINED

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_PUBLIC[name])
    return module if name == "Durable" else getattr(module, name)
