"""Errors of other processes, as those who look at them here see them."""

from __future__ import annotations


def add_remote_traceback(error: BaseException, stack: str | None) -> None:
    """Show where an error happened over there beneath its traceback here."""
    if stack:
        error.add_note(f"It happened elsewhere:\n\n{stack.rstrip()}")


def text_of(error: BaseException) -> str:
    """What an error says; KeyError says nothing but the key."""
    if isinstance(error, KeyError):
        return f"KeyError: {error}"
    if isinstance(error, SystemExit):
        return f"sys.exit({error.code!r}) was called, which would have ended the worker"
    if isinstance(error, BaseExceptionGroup):
        return f"{error.message}: {'; '.join(map(text_of, error.exceptions))}"
    return str(error) or type(error).__name__
