"""The fingerprint of a request: equal content gives an equal value, in every process and for years.

protobuf's own serialisation is not canonical across library versions, so the message is walked by field number:

    message   the set fields in ascending number, each as `number` `:` value; an empty message counts as not set
    list      `[` values `]`
    message   `{` fields `}`
    text      its length in bytes, `'`, its UTF-8
    number    its decimal digits, `;`
    decimal   `google.type.Decimal` as text in its shortest notation, so that 1.0 and 1.00 are the same

Left out are fields that callers do not decide (output only, identifier), the request id and the first sent time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

import grpc
from google.api.field_behavior_pb2 import IDENTIFIER, OUTPUT_ONLY, field_behavior
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from google.type.decimal_pb2 import Decimal as DecimalMessage

from erp_facade.api_error import ApiError
from erp_ports.amounts import plain

VERSION = 1
_NOT_CONTENT = frozenset({"request_id", "first_sent_time"})


def fingerprint(request: Message, version: int = VERSION) -> str:
    """Return the SHA-256 of the request's canonical form, in hexadecimal.

    Raises ApiError for a field that this contract does not know: it could change the meaning unnoticed.
    """
    return hashlib.sha256(_FORMS[version](request)).hexdigest()


def canonical_form_1(request: Message) -> bytes:
    """Return the first canonical form; it never changes, because stored fingerprints were made with it."""
    out: list[bytes] = []
    _message(request, out, _NOT_CONTENT)
    return b"".join(out)


_FORMS: dict[int, Callable[[Message], bytes]] = {1: canonical_form_1}


@lru_cache(maxsize=256)
def _left_out(descriptor: Descriptor) -> frozenset[int]:
    """Return the numbers of the fields that callers do not decide."""
    return frozenset(
        field.number
        for field in descriptor.fields
        if {OUTPUT_ONLY, IDENTIFIER} & set(field.GetOptions().Extensions[field_behavior])
    )


def _message(message: Message, out: list[bytes], names_left_out: frozenset[str] = frozenset()) -> None:
    if len(UnknownFieldSet(message)):
        raise ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "UNKNOWN_FIELD",
            f"the request carries fields of {message.DESCRIPTOR.name} that this contract does not know",
        )
    left_out = _left_out(message.DESCRIPTOR)
    for field, value in message.ListFields():
        if field.number in left_out or field.name in names_left_out:
            continue
        start = len(out)
        out.append(b"%d:" % field.number)
        if field.is_repeated:
            out.append(b"[")
            for item in value:
                _value(field, item, out)
            out.append(b"]")
        elif not _value(field, value, out):
            del out[start:]


def _value(field: FieldDescriptor, value: object, out: list[bytes]) -> bool:
    """Append the value; return whether it holds anything."""
    if isinstance(value, Message):
        if isinstance(value, DecimalMessage):
            _text(plain(Decimal(value.value or "0")), out)
            return True
        out.append(b"{")
        start = len(out)
        _message(value, out)
        out.append(b"}")
        return len(out) > start + 1
    if isinstance(value, str):
        _text(value, out)
    elif isinstance(value, int):
        out.append(b"%d;" % value)
    else:
        raise TypeError(f"{field.full_name} has no canonical form")
    return True


def _text(value: str, out: list[bytes]) -> None:
    encoded = value.encode()
    out.append(b"%d'" % len(encoded))
    out.append(encoded)
