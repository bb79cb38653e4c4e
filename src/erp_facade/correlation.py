"""The correlation id of a call: the caller's, or a new one."""

from __future__ import annotations

import os
import re

_VALID = re.compile(r"[!-~]{1,128}")


def correlation_from(given: str) -> str:
    """Return the caller's id if it is 1 to 128 visible ASCII characters, else a new one of 32 hexadecimal digits."""
    return given if given and _VALID.fullmatch(given) else os.urandom(16).hex()
