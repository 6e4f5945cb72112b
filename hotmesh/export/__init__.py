"""Rows to `Execution`: what did happen."""
