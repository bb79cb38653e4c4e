"""The hash chain of the audit: each entry's hash covers its content and the hash before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson
from sqlalchemy import Connection, select

from erp_facade.store.schema import audit

GENESIS = "0" * 64
_COVERED = ("sequence", "time", "actor", "action", "subject", "reason", "before", "after", "previous_hash")
_ALL = select(audit).order_by(audit.c.sequence)


def entry_hash(entry: Mapping[str, object]) -> str:
    """Return the SHA-256 over the entry's columns in a fixed order, in hexadecimal."""
    return hashlib.sha256(orjson.dumps([entry[name] for name in _COVERED])).hexdigest()


def first_broken_link(connection: Connection) -> int | None:
    """Return the sequence of the first entry that was altered, removed or put in later, or None when all hold."""
    expected, previous = 1, GENESIS
    for entry in connection.execute(_ALL).mappings():
        if (
            entry["sequence"] != expected
            or entry["previous_hash"] != previous
            or entry["hash"] != entry_hash(dict(entry))
        ):
            return expected
        expected, previous = expected + 1, entry["hash"]
    return None
