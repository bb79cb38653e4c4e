"""Idempotency keys: what a request id stands for, and what a repetition is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Connection, Table, and_, bindparam, select
from sqlalchemy.sql import Select

from erp_facade.orders.fingerprint import VERSION, fingerprint
from erp_facade.orders.refusals import key_expired, key_reused
from erp_facade.store.schema import order_changes, orders


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What must not be used for two things."""

    client: str
    method: str
    business_unit: str
    request_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What was accepted under a key: the order, or the change with its order."""

    order_id: str
    change_id: str | None
    fingerprint: str
    fingerprint_version: int


def _by_key(table: Table, order_id: str, change_id: str | None) -> Select[*tuple[object, ...]]:
    columns = [table.c[order_id].label("order_id"), table.c.fingerprint, table.c.fingerprint_version]
    if change_id is not None:
        columns.append(table.c[change_id].label("change_id"))
    return select(*columns).where(
        and_(
            table.c.client == bindparam("client"),
            table.c.method == bindparam("method"),
            table.c.business_unit == bindparam("business_unit"),
            table.c.request_id == bindparam("request_id"),
        )
    )


_ORDER = _by_key(orders, "id", None)
_CHANGE = _by_key(order_changes, "order_id", "id")


def _values(key: Key) -> dict[str, str]:
    return {
        "client": key.client,
        "method": key.method,
        "business_unit": key.business_unit,
        "request_id": key.request_id,
    }


def known_order(connection: Connection, key: Key) -> Known | None:
    """Return what was accepted as an order under the key."""
    row = connection.execute(_ORDER, _values(key)).mappings().first()
    return None if row is None else Known(**row, change_id=None)


def known_change(connection: Connection, key: Key) -> Known | None:
    """Return what was accepted as a change under the key."""
    row = connection.execute(_CHANGE, _values(key)).mappings().first()
    return None if row is None else Known(**row)


def require_same(known: Known, request: Message, request_id: str, given: str) -> None:
    """Raise IDEMPOTENCY_KEY_REUSED when the request differs from the one that the key stands for.

    `given` is the request's fingerprint in the present form; an older form is computed again.
    """
    if known.fingerprint_version != VERSION:
        given = fingerprint(request, known.fingerprint_version)
    if given != known.fingerprint:
        raise key_reused(request_id)


def require_within_retention(first_sent: dt.datetime | None, now: dt.datetime, retention: dt.timedelta) -> None:
    """Raise IDEMPOTENCY_KEY_EXPIRED for an unknown key that may have been used and forgotten since."""
    if first_sent is not None and now - first_sent > retention:
        raise key_expired(first_sent, retention)


def instant(message: Message, field: str) -> dt.datetime | None:
    """Return a `Timestamp` field as an instant, None when it is not set."""
    if not message.HasField(field):
        return None
    value: Timestamp = getattr(message, field)
    return value.ToDatetime(tzinfo=dt.UTC)
