"""Which calls the dual run looks at."""

from __future__ import annotations

import datetime as dt
import zlib


def sampled(correlation_id: str, percent: int) -> bool:
    """Return whether a call falls into the shadow percentage: always the same for the same correlation id."""
    return zlib.crc32(b"shadow:" + correlation_id.encode()) % 100 < percent


def near_midnight(now: dt.datetime, zone: dt.tzinfo, margin: dt.timedelta) -> bool:
    """Return whether the local time is within the margin of a change of date, when "today" may mean two days."""
    local = now.astimezone(zone)
    return (local - margin).date() != local.date() or (local + margin).date() != local.date()
