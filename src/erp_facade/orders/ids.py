"""Identifiers of orders and changes: ULIDs that grow within a process."""

from __future__ import annotations

import datetime as dt
import secrets

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BYTES = 10
_RANDOM_BITS = 8 * _RANDOM_BYTES
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


class Ulids:
    """Makes ULIDs; each is greater than the one before, also within a millisecond and when the clock steps back."""

    def __init__(self) -> None:
        self._last = 0
        self._chance = b""

    def next(self, now: dt.datetime) -> str:
        """Return 26 characters of Crockford's base32: 48 bits of milliseconds, 80 bits of chance."""
        if not self._chance:
            self._chance = secrets.token_bytes(_RANDOM_BYTES * 256)  # one system call for many
        chance, self._chance = self._chance[:_RANDOM_BYTES], self._chance[_RANDOM_BYTES:]
        fresh = ((now - _EPOCH) // _MILLISECOND) << _RANDOM_BITS | int.from_bytes(chance, "big")
        self._last = max(fresh, self._last + 1)
        return _base32(self._last)


def _base32(value: int) -> str:
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))
