"""What ends a bench early."""

from __future__ import annotations


class BenchError(Exception):
    """A measurement is not valid: a call failed, a process ended early, or a package is missing."""
