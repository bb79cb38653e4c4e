"""References: what is written into an ERP so that a booking can be found again."""

from __future__ import annotations

import base64
import hashlib
import hmac

from sqlalchemy import Connection, bindparam, insert, select, update

from erp_facade.store.schema import reference_numbers
from erp_ports.operations import ReferenceKind, ReferenceShape

_NEXT = select(reference_numbers.c.next).where(reference_numbers.c.backend == bindparam("of"))
_START = insert(reference_numbers)
_RAISE = update(reference_numbers).where(reference_numbers.c.backend == bindparam("of")).values(next=bindparam("to"))


class ReferencesExhausted(Exception):
    """A backend's field has no room for another number; operations must widen it."""


class References:
    """Makes references of the shape that a backend declares."""

    def __init__(self, deployment_key: bytes, *, first_number: int = 1) -> None:
        self._key = deployment_key
        self._first_number = first_number

    def allocate(self, connection: Connection, backend: str, shape: ReferenceShape, subject: str) -> str:
        """Return the reference of a part or change: the same for the same subject as text, a fresh one as number."""
        if shape.kind is ReferenceKind.TEXT:
            return text_reference(self._key, subject, shape.length)
        return str(self._next_number(connection, backend, shape))

    def _next_number(self, connection: Connection, backend: str, shape: ReferenceShape) -> int:
        number: int | None = connection.execute(_NEXT, {"of": backend}).scalar()
        if number is None:
            number = self._first_number
            connection.execute(_START, {"backend": backend, "next": number + 1})
        else:
            connection.execute(_RAISE, {"of": backend, "to": number + 1})
        if number >= 10**shape.length:
            raise ReferencesExhausted(f"the field {shape.field} of {backend} has no room for the number {number}")
        return number


def text_reference(deployment_key: bytes, subject: str, length: int) -> str:
    """Return upper-case base32 of HMAC-SHA256(deployment key, subject), cut to the length."""
    digest = hmac.new(deployment_key, subject.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().rstrip("=")[:length]
