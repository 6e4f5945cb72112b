"""The error a function raises; the call that sees it turns it into a `PipeError` with its place."""

from __future__ import annotations


class Fault(Exception):
    """A function can't give a result: one sentence without the name of the function."""
