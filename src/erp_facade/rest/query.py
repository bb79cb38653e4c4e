"""The query of a request: its pairs decoded, then read into the fields that neither path nor body carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from erp_facade.api_error import Violation
from erp_facade.rest.template import has_bad_escape
from erp_facade.rest.values import BadValue, Reader, text_reader

ALT = "$alt"
_ALT_NAMES = "json"
_ALT_NUMBERS = "json;enum-encoding=int"
_UNKNOWN = "UNKNOWN_FIELD"


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A query taken apart: field parameters in their order, and how enums are to be written in the answer."""

    parameters: tuple[tuple[str, str], ...]
    enums_as_numbers: bool


def parse_query(raw: bytes, violations: list[Violation]) -> Query:
    """Take a query apart; what cannot be decoded goes to `violations`."""
    parameters = []
    enums_as_numbers = False
    for piece in raw.split(b"&") if raw else ():
        if not piece:
            continue
        raw_name, _, raw_value = piece.decode("latin-1").partition("=")
        try:
            name, value = _decode(raw_name), _decode(raw_value)
        except ValueError:
            bad = "is not percent-encoded UTF-8"
            violations.append(Violation(field=raw_name, description=bad))
            continue
        if name != ALT:
            parameters.append((name, value))
        elif value in (_ALT_NAMES, _ALT_NUMBERS):
            enums_as_numbers = value == _ALT_NUMBERS
        else:
            violations.append(Violation(field=ALT, description=f"must be {_ALT_NAMES} or {_ALT_NUMBERS}"))
    return Query(parameters=tuple(parameters), enums_as_numbers=enums_as_numbers)


def _decode(text: str) -> str:
    if has_bad_escape(text):
        raise ValueError("bad percent escape")
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode()


class QueryReader:
    """Reads parameters into a request of one method.

    `taken` holds the fields that the path or the body carries, as dotted proto names: naming one again, or a field
    inside it, is refused, since it would override what was matched. With `whole_body` there is no query at all.
    """

    def __init__(self, message: Descriptor, *, taken: Sequence[str], whole_body: bool) -> None:
        self._message = message
        self._taken = tuple(taken)
        self._whole_body = whole_body

    def read(self, parameters: Sequence[tuple[str, str]], request: Message, violations: list[Violation]) -> None:
        """Set the fields of all parameters; what is wrong with any of them goes to `violations`."""
        grouped: dict[str, tuple[list[FieldDescriptor], list[str]]] = {}
        for name, value in parameters:
            fields = _resolve(self._message, name)
            if fields is None:
                violations.append(Violation(field=name, description="is not a parameter here", reason=_UNKNOWN))
                continue
            path = ".".join(field.name for field in fields)
            refusal = self._refusal(path)
            if refusal:
                violations.append(Violation(field=path, description=refusal))
                continue
            grouped.setdefault(path, (fields, []))[1].append(value)
        chosen: dict[str, str] = {}
        for path, (fields, values) in grouped.items():
            try:
                _check_oneofs(fields, path, chosen)
                _assign(request, fields, values)
            except BadValue as bad:
                violations.append(Violation(field=path, description=str(bad)))

    def _refusal(self, path: str) -> str:
        for taken in self._taken:
            if path == taken or path.startswith(f"{taken}.") or taken.startswith(f"{path}."):
                return "is given by the path or the body and cannot be given in the query"
        return "belongs into the body" if self._whole_body else ""


def _resolve(message: Descriptor, name: str) -> list[FieldDescriptor] | None:
    """Return the fields along a dotted name of proto or JSON names, or None when it leads nowhere."""
    fields: list[FieldDescriptor] = []
    inside: Descriptor | None = message
    for part in name.split("."):
        if inside is None or (fields and fields[-1].is_repeated):
            return None
        field = inside.fields_by_name.get(part) or next((f for f in inside.fields if f.json_name == part), None)
        if field is None:
            return None
        fields.append(field)
        inside = field.message_type
    return fields


def _check_oneofs(fields: Sequence[FieldDescriptor], path: str, chosen: dict[str, str]) -> None:
    """Refuse a second member of a oneof at any level of the path."""
    steps = path.split(".")
    for level, field in enumerate(fields):
        oneof = field.containing_oneof
        if oneof is None or len(oneof.fields) == 1:
            continue
        place = ".".join((*steps[:level], oneof.name))
        if chosen.setdefault(place, field.name) != field.name:
            raise BadValue(f"cannot be given together with {chosen[place]}")


def _assign(request: Message, fields: Sequence[FieldDescriptor], values: Sequence[str]) -> None:
    field = fields[-1]
    read = text_reader(field)
    if read is None or (field.is_repeated and field.message_type is not None):
        raise BadValue("cannot be given in a query as a whole; name its fields")
    target: Any = request
    for step in fields[:-1]:
        target = getattr(target, step.name)
    if field.is_repeated:
        getattr(target, field.name).extend(read(value) for value in values)
    elif len(values) > 1:
        raise BadValue("is given more than once")
    else:
        assign_value(target, field, read, values[0])


def assign_value(target: Message, field: FieldDescriptor, read: Reader, text: str) -> None:
    """Set a singular field from a text."""
    value = read(text)
    if field.message_type is None:
        setattr(target, field.name, value)
    elif isinstance(value, Message):
        getattr(target, field.name).CopyFrom(value)
    else:
        wrapper = getattr(target, field.name)
        wrapper.SetInParent()
        wrapper.value = value["value"]
