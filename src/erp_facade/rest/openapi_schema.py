"""Messages of the contract as OpenAPI 3.0 schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from erp_facade.rest.values import WRAPPERS

Json = dict[str, Any]

LONGEST_DESCRIPTION = 1333
"""Salesforce External Services refuses longer ones."""

_INT32 = {"type": "integer", "format": "int32"}
_INT64 = {"type": "string", "format": "int64"}
_SCALARS: Mapping[int, Json] = MappingProxyType(
    {
        FieldDescriptor.CPPTYPE_INT32: _INT32,
        FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0},
        FieldDescriptor.CPPTYPE_INT64: _INT64,
        FieldDescriptor.CPPTYPE_UINT64: _INT64,
        FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number", "format": "double"},
        FieldDescriptor.CPPTYPE_FLOAT: {"type": "number", "format": "float"},
        FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
        FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
    }
)
_TEXT_FORMS: Mapping[str, Json] = MappingProxyType(
    {
        "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
        "google.protobuf.Duration": {"type": "string", "description": "Seconds with the suffix s, such as 1.5s."},
        "google.protobuf.FieldMask": {"type": "string", "description": "Names of fields, separated by commas."},
    }
)
_COMMON_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "google.type.Date": "A calendar date without a time of day or a time zone.",
        "google.type.Date.year": "The year, 1 to 9999.",
        "google.type.Date.month": "The month, 1 to 12.",
        "google.type.Date.day": "The day of the month, 1 to 31.",
        "google.type.Decimal": "An exact decimal number.",
        "google.type.Decimal.value": "The number as text, such as 12.50.",
        "google.type.Money": "An amount of money: units and nanos have the same sign.",
        "google.type.Money.currency_code": "Currency of the amount, ISO 4217.",
        "google.type.Money.units": "Whole units of the currency.",
        "google.type.Money.nanos": "Billionths of a unit.",
    }
)


@cache
def comments() -> Mapping[str, str]:
    """Return the contract's comments by the full names of what they describe."""
    text = resources.files("erp_facade.rest").joinpath("contract_comments.json").read_text(encoding="utf-8")
    return MappingProxyType({**_COMMON_TYPES, **json.loads(text)})


def description(full_name: str) -> Json:
    """Return the description of an element as a part of its schema, or nothing when it has none."""
    text = comments().get(full_name, "")
    return {"description": cut(text)} if text else {}


def cut(text: str) -> str:
    """Return a text no longer than a description may be."""
    return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 1].rstrip() + "…"


def is_required(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.REQUIRED in _behaviors(field)


def is_output_only(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.OUTPUT_ONLY in _behaviors(field)


def _behaviors(field: FieldDescriptor) -> Sequence[int]:
    behaviors: Sequence[int] = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return behaviors


def text_schema(message: Descriptor) -> Json | None:
    """Return the schema of a message that JSON writes as a single value, or None for an ordinary one."""
    if message.full_name in WRAPPERS:
        return dict(_scalar(message.fields_by_name["value"]))
    form = _TEXT_FORMS.get(message.full_name)
    return dict(form) if form is not None else None


class Schemas:
    """The schemas that a document refers to, added as they are met."""

    def __init__(self) -> None:
        self.components: dict[str, Json] = {}
        self._names: dict[str, str] = {}

    def reference(self, message: Descriptor) -> Json:
        """Return a reference to a message's schema."""
        name = self._names.get(message.full_name)
        if name is None:
            name = self._claim(message)
            self.components[name] = {}  # a message may hold itself
            self.components[name] = self.object_schema(message)
        return {"$ref": f"#/components/schemas/{name}"}

    def request_reference(self, message: Descriptor, *, elsewhere: Sequence[str]) -> Json:
        """Return a reference to the schema of a request whose fields `elsewhere` the path carries.

        A request id may come in a header instead, so it is not required in the body.
        """
        name = self._claim(message)
        schema = self.object_schema(message, without=elsewhere, optional=("request_id",))
        self.components[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def object_schema(self, message: Descriptor, *, without: Sequence[str] = (), optional: Sequence[str] = ()) -> Json:
        """Return the schema of a message's JSON object."""
        fields = [f for f in message.fields if f.name not in without]
        required = [f.json_name for f in fields if is_required(f) and f.name not in optional]
        schema: Json = {"type": "object", **description(message.full_name)}
        if required:
            schema["required"] = required
        schema["properties"] = {f.json_name: self.property_schema(f) for f in fields}
        return schema

    def property_schema(self, field: FieldDescriptor) -> Json:
        """Return the schema of one field."""
        value = self._value(field)
        if field.is_repeated and not _is_map(field):
            value = {"type": "array", "items": value}
        if "$ref" in value:
            return value  # OpenAPI 3.0 ignores what stands beside a reference
        told = described(field, value)
        if is_output_only(field):
            told["readOnly"] = True
        return told

    def _value(self, field: FieldDescriptor) -> Json:
        message = field.message_type
        if message is None:
            return dict(_scalar(field))
        if _is_map(field):
            return {"type": "object", "additionalProperties": self._value(message.fields_by_name["value"])}
        return text_schema(message) or self.reference(message)

    def _claim(self, message: Descriptor) -> str:
        """Return a name for the message's schema: short, unless another package has taken it."""
        package = message.file.package
        name = message.full_name.removeprefix(f"{package}.").replace(".", "")
        if name in self._names.values():
            name = "".join(part.capitalize() for part in package.split(".")) + name
        self._names[message.full_name] = name
        return name


def described(field: FieldDescriptor, schema: Json) -> Json:
    """Return a field's schema with its comment, and with the meaning of each value of an enum."""
    text = comments().get(f"{_owner(field)}.{field.name}", "")
    if field.enum_type is not None:
        text = "\n".join((text, *_meanings(field.enum_type)))
    return {**schema, **({"description": cut(text)} if text else {})}


def _owner(field: FieldDescriptor) -> str:
    message = field.containing_type
    return message.full_name if message is not None else ""


def _meanings(enum: EnumDescriptor) -> list[str]:
    return [f"- {v.name}: {comments().get(f'{enum.full_name}.{v.name}', '')}" for v in enum.values]


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _scalar(field: FieldDescriptor) -> Json:
    if field.enum_type is not None:
        return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "format": "byte"}
    return _SCALARS[field.cpp_type]
