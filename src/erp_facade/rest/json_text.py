"""What can be told of a JSON text from its bytes, at the speed of C, before and beside parsing it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

MAX_DEPTH = 32

_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(c for c in range(256) if c not in b'[]{}"')
_NOT_COLONS = bytes(c for c in range(256) if c not in b':"')


def _outside_strings(text: bytes, unwanted: bytes, table: bytes | None = None) -> bytes:
    """Return what stands outside strings, without the unwanted characters.

    Escaped quotes go first. Quotes that then stand side by side enclose nothing of interest, so that only strings
    which hold a wanted character are cut out one by one.
    """
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = text.translate(table, unwanted).replace(b'""', b"")
    return marks if b'"' not in marks else b"".join(marks.split(b'"')[::2])


def is_too_deep(text: bytes, limit: int = MAX_DEPTH) -> bool:
    """Tell whether objects and arrays nest deeper than the limit. The text need not be legal JSON."""
    if text.count(b"{") + text.count(b"[") <= limit:
        return False
    left = _outside_strings(text, _NOT_BRACKETS, _ONE_KIND)
    for _ in range(limit):
        # Each round takes away the innermost pairs, so that rounds count levels.
        shorter = left.replace(b"[]", b"")
        if len(shorter) == len(left):
            break
        left = shorter
    # What has no partner (cut off, or never legal) is left to the parser, unless it opens too much by itself.
    return b"[]" in left or left.count(b"[") > limit


def count_keys(value: Any) -> int:
    """Return the number of keys in all objects of a parsed JSON value."""
    if type(value) is dict:
        return len(value) + sum(count_keys(v) for v in value.values() if type(v) in (dict, list))
    if type(value) is list:
        return sum(count_keys(v) for v in value if type(v) in (dict, list))
    return 0


def repeated_keys(text: bytes, keys: int) -> list[str]:
    """Return the keys that one object has twice, given the number of keys that the parser kept.

    Each key has a colon. When there are no more colons than keys, nothing was dropped; that settles nearly every
    text. Then colons inside strings are left out of the count. Only a text that does repeat a key is parsed again.
    """
    if text.count(b":") == keys or _outside_strings(text, _NOT_COLONS).count(b":") == keys:
        return []
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        found.extend(key for key, times in Counter(k for k, _ in pairs).items() if times > 1)

    json.loads(text, object_pairs_hook=note)
    return found
