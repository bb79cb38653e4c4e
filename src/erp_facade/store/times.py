"""Instants as the store keeps them: ISO 8601 in UTC with microseconds, so that text order is time order."""

from __future__ import annotations

import datetime as dt


def to_text(instant: dt.datetime) -> str:
    """Return the stored form of an aware instant."""
    return instant.astimezone(dt.UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> dt.datetime:
    """Return the instant of a stored form."""
    return dt.datetime.fromisoformat(text)
