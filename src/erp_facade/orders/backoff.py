"""How long to wait, as pure functions; seconds."""

from __future__ import annotations

import random

_IN_DOUBT = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_POLL_FIRST, _POLL_GROWTH, _POLL_LONGEST = 0.2, 1.5, 5.0
_PAUSE_FIRST, _PAUSE_LONGEST = 0.5, 30.0


def doubt_delay(lookups: int) -> float:
    """Return the time to the next look-up of a part in doubt after so many, with up to a tenth of jitter."""
    return _IN_DOUBT[min(lookups, len(_IN_DOUBT) - 1)] * random.uniform(1.0, 1.1)  # noqa: S311 - jitter, no secret


def poll_delay(polls: int) -> float:
    """Return the time to the next poll of a part that was handed over."""
    return float(min(_POLL_FIRST * _POLL_GROWTH ** min(polls, 20), _POLL_LONGEST))


def pause(failures: int) -> float:
    """Return how long a backend is left alone after so many failures in a row."""
    return float(min(_PAUSE_FIRST * 2.0 ** min(failures - 1, 20), _PAUSE_LONGEST))
