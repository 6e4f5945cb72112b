"""The hashes of an execution's tasks and futures: the same in a replay, others in another execution."""

from __future__ import annotations

from hotmesh.durable.loop import Timer, WorkflowLoop


class Host:
    """A host that no timer is set on."""

    def set_timer(self, timer: Timer, seconds: float) -> None:
        raise AssertionError

    def cancel_timer(self, timer: Timer) -> None:
        raise AssertionError


def hashes(seed: str, count: int = 100) -> list[int]:
    loop = WorkflowLoop(Host(), seed)  # type: ignore[abstract]
    return [hash(loop.create_future()) for _ in range(count)]


def test_a_replay_hashes_as_the_first_run_did() -> None:
    assert hashes("job") == hashes("job")


def test_a_small_set_has_them_in_the_order_in_which_they_were_made() -> None:
    first = hashes("job")[0]
    assert hashes("job") == list(range(first, first + 100))


def test_executions_do_not_crowd_at_one_hash() -> None:
    """asyncio keeps the tasks of all suspended workflows in one set, which is slow for as many as have the same hash."""
    firsts = [hashes(f"job {number}", 1)[0] for number in range(5_000)]
    assert len(set(firsts)) > 4_990
