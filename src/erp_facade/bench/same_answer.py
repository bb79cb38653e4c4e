"""Makes sure that two servers whose speed is compared do the same work: their answers must be equal."""

from __future__ import annotations

import json
from typing import Any

from erp_facade.bench.errors import BenchError

# What differs from call to call and from process to process.
_OF_THE_MOMENT = frozenset({"validUntil", "source"})


def require_same(one: bytes, other: bytes) -> None:
    """Raise BenchError unless two JSON answers hold the same, apart from times and the source of a line."""
    left, right = (_lasting(json.loads(answer)) for answer in (one, other))
    if left != right:
        raise BenchError(f"the answers differ, so that their speed cannot be compared: {left} and {right}")


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: k if k in _OF_THE_MOMENT else _lasting(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_lasting(each) for each in value]
    return value
