"""Travelling in time: which event of a job one looks at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hotmesh.export.execution import Event, Execution


@dataclass(frozen=True, slots=True)
class Travel:
    """A place among a job's events; `number` None = now, and it stays now when more happens."""

    number: int | None = None

    @property
    def is_now(self) -> bool:
        """Whether one looks at the present."""
        return self.number is None

    def back(self, execution: Execution, steps: int = 1) -> Travel:
        """Some events earlier; 0 is before the first one."""
        here = len(execution.events) if self.number is None else self.number
        return replace(self, number=max(0, here - steps))

    def on(self, execution: Execution, steps: int = 1) -> Travel:
        """Some events later; beyond the last one it is now."""
        if self.number is None or self.number + steps >= len(execution.events):
            return Travel()
        return replace(self, number=self.number + steps)

    def seen(self, execution: Execution) -> Execution:
        """The job as it stood then."""
        return execution if self.number is None else execution.at(self.number)

    def event(self, execution: Execution) -> Event | None:
        """The last event that had happened."""
        number = len(execution.events) if self.number is None else min(self.number, len(execution.events))
        return execution.events[number - 1] if number else None
