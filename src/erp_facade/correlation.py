"""What links a call to others: its correlation id, the caller's or a new one, and the caller's trace context."""

from __future__ import annotations

import random
import re

_VALID = re.compile(r"[!-~]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{0,200})?")


def correlation_from(given: str) -> str:
    """Return the caller's id if it is 1 to 128 visible ASCII characters, else a new one of 32 hexadecimal digits."""
    return given if given and _VALID.fullmatch(given) else f"{random.getrandbits(128):032x}"


def traceparent_from(given: str) -> str:
    """Return the caller's trace context, or nothing when it is not of the W3C form: a new trace begins then."""
    return given if _TRACEPARENT.fullmatch(given) else ""
