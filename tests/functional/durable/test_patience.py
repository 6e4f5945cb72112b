"""Who waits long for a workflow that nobody works on is told so, without a look at each of thousands."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hotmesh import Durable
from hotmesh.durable import patience
from hotmesh.errors import JobTimeout

WAITING = 30


async def forgotten() -> None:
    """Its queue has no worker."""


async def test_a_few_of_many_who_wait_are_told_why(
    dsn: str, app_id: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.3)
    caplog.set_level(logging.WARNING, "hotmesh.durable")
    async with Durable.Client(dsn, namespace=app_id) as client:
        handles = [await client.workflow.start(forgotten, task_queue="nobody") for _ in range(WAITING)]
        ended = await asyncio.gather(*(handle.result(timeout=0.5) for handle in handles), return_exceptions=True)
    assert all(isinstance(each, JobTimeout) and "no live process serves" in str(each) for each in ended)
    told = [record.getMessage() for record in caplog.records if "no live process serves" in record.getMessage()]
    assert 1 <= len(told) <= patience.LOOKS, told
