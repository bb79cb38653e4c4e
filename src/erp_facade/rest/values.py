"""Single values of the JSON mapping: what a JSON value, or a piece of text in a path or query, means for a field.

A reader returns what the message's constructor takes, or raises BadValue with a sentence for the caller.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from google.protobuf import duration_pb2, field_mask_pb2, json_format, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

Reader = Callable[[Any], Any]


class BadValue(ValueError):
    """A value does not fit its field; the text says what would."""


_INTEGER = re.compile(r"-?[0-9]{1,20}")
_EXACT_FLOAT = 2.0**53
_INT_RANGES: Mapping[int, tuple[int, int]] = MappingProxyType(
    {
        FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
        FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
        FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
        FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    }
)
_FLOAT_WORDS = MappingProxyType({"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf})
_FLOAT_TEXT = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BOOLEANS = MappingProxyType({"true": True, "True": True, "false": False, "False": False})

WRAPPERS = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)


def read_string(value: Any) -> str:
    if type(value) is not str:
        raise BadValue("must be a string")
    return value


def read_bool(value: Any) -> bool:
    if type(value) is not bool:
        raise BadValue("must be true or false")
    return value


def read_bytes(value: Any) -> bytes:
    """Decode base64 in either alphabet, with or without padding."""
    if type(value) is not str:
        raise BadValue("must be a base64 string")
    standard = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadValue("must be a base64 string") from None


def read_integer(low: int, high: int, value: Any) -> int:
    """Read an integer given as a JSON number or as decimal digits in a string."""
    kind = type(value)
    if kind is str:
        if not _INTEGER.fullmatch(value):
            raise BadValue("must be an integer")
        value = int(value)
    elif kind is float:
        # A larger number has lost digits already when it arrives as a float: it is never rounded silently.
        if not value.is_integer() or abs(value) > _EXACT_FLOAT:
            raise BadValue(f"must be an integer from {low} to {high}")
        value = int(value)
    elif kind is not int:
        raise BadValue("must be an integer")
    if not low <= value <= high:
        raise BadValue(f"must be an integer from {low} to {high}")
    return int(value)


def read_double(value: Any) -> float:
    """Read a number; NaN and the infinities come as words in a string."""
    kind = type(value)
    if kind is str:
        if value in _FLOAT_WORDS:
            return _FLOAT_WORDS[value]
        if not _FLOAT_TEXT.fullmatch(value):
            raise BadValue("must be a number")
        number = float(value)
    elif kind is float or kind is int:
        number = float(value)
    else:
        raise BadValue("must be a number")
    if math.isinf(number):
        raise BadValue("must be a number within the range of its type")
    return number


def read_float(value: Any) -> float:
    """Read a number of 32 bits, which is whatever rounds to one."""
    number = read_double(value)
    try:
        struct.pack("<f", number)
    except OverflowError:
        raise BadValue("must be a number within the range of its type") from None
    return number


def read_enum(enum: EnumDescriptor, value: Any) -> int:
    """Read an enum given by its name or number; unknown ones are refused."""
    kind = type(value)
    if kind is str:
        named = enum.values_by_name.get(value)
        if named is not None:
            return int(named.number)
        if _INTEGER.fullmatch(value):
            kind, value = int, int(value)
    if kind is int and value in enum.values_by_number:
        return int(value)
    names = ", ".join(v.name for v in enum.values)
    raise BadValue(f"must be one of {names}")


def _read_text_form(message_class: Callable[[], Any], what: str, value: Any) -> Any:
    message = message_class()
    try:
        if type(value) is not str:
            raise BadValue(f"must be {what}")
        message.FromJsonString(value)
    except (ValueError, OverflowError):
        raise BadValue(f"must be {what}") from None
    return message


def _read_free_form(message_class: Callable[[], Any], what: str, value: Any) -> Any:
    try:
        return json_format.ParseDict(value, message_class())
    except json_format.ParseError:
        raise BadValue(f"must be {what}") from None


def _refuse_any(_: Any) -> Any:
    raise BadValue("is of type Any, which is not accepted in a request")


_TIMESTAMP = "a timestamp such as 2026-03-31T08:00:00Z"
_DURATION = "a duration in seconds such as 1.5s"
_FIELD_MASK = "a comma-separated list of field names"

TEXT_FORMS: Mapping[str, Reader] = MappingProxyType(
    {
        "google.protobuf.Timestamp": partial(_read_text_form, timestamp_pb2.Timestamp, _TIMESTAMP),
        "google.protobuf.Duration": partial(_read_text_form, duration_pb2.Duration, _DURATION),
        "google.protobuf.FieldMask": partial(_read_text_form, field_mask_pb2.FieldMask, _FIELD_MASK),
    }
)
"""Messages that JSON writes as a string."""

FREE_FORMS: Mapping[str, Reader] = MappingProxyType(
    {
        "google.protobuf.Struct": partial(_read_free_form, struct_pb2.Struct, "an object"),
        "google.protobuf.ListValue": partial(_read_free_form, struct_pb2.ListValue, "an array"),
        "google.protobuf.Value": partial(_read_free_form, struct_pb2.Value, "a JSON value"),
        "google.protobuf.Any": _refuse_any,
    }
)
"""Messages that stand for any JSON."""


def scalar_reader(field: FieldDescriptor) -> Reader:
    """Return the reader of one value of a field that is no message."""
    if field.enum_type is not None:
        return partial(read_enum, field.enum_type)
    if field.cpp_type in _INT_RANGES:
        return partial(read_integer, *_INT_RANGES[field.cpp_type])
    if field.type == FieldDescriptor.TYPE_BYTES:
        return read_bytes
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return read_bool
    if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE:
        return read_double
    if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT:
        return read_float
    return read_string


def wrapper_reader(message: Descriptor) -> Reader:
    """Return the reader of a wrapper such as `google.protobuf.Int64Value`, which JSON writes as its bare value."""
    read = scalar_reader(message.fields_by_name["value"])
    return lambda value: {"value": read(value)}


def text_reader(field: FieldDescriptor) -> Reader | None:
    """Return the reader of a field's value in a path or query, or None for a message that text cannot carry."""
    message = field.message_type
    if message is not None:
        if message.full_name in WRAPPERS:
            read = text_reader(message.fields_by_name["value"])
            return None if read is None else lambda text: {"value": read(text)}
        return TEXT_FORMS.get(message.full_name)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _read_bool_text
    return scalar_reader(field)


def _read_bool_text(text: str) -> bool:
    value = _BOOLEANS.get(text)
    if value is None:
        raise BadValue("must be true or false")
    return value
