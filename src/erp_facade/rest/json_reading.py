"""JSON to messages: readers compiled once per message type.

A reader checks every value itself, so that all violations are found at once and each with its path, and returns
keyword arguments for the message's constructor, which then builds the whole tree in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import grpc
import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from erp_facade.api_error import ApiError, Violation
from erp_facade.rest.json_text import MAX_DEPTH, count_keys, is_too_deep, repeated_keys
from erp_facade.rest.values import (
    FREE_FORMS,
    TEXT_FORMS,
    WRAPPERS,
    BadValue,
    read_string,
    scalar_reader,
    wrapper_reader,
)

Path = tuple[Any, ...]
"""A place in the request as (place above, name or index); rendered only when something is wrong there."""

Read = Callable[[Any, "Reading", Path], Any]


class Reading:
    """One body being read: its violations, and how many keys were seen."""

    __slots__ = ("keys", "violations")

    def __init__(self) -> None:
        self.keys = 0
        self.violations: list[Violation] = []

    def refuse(self, path: Path, description: str, reason: str = "INVALID_FIELD") -> None:
        self.violations.append(Violation(field=_render(path), description=description, reason=reason))


def malformed(message: str) -> ApiError:
    """Return the error for a body that cannot be read at all."""
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_BODY", message)


def read_body(body: bytes, read: Read, root: str) -> tuple[Any, list[Violation]]:
    """Return what `read` makes of a JSON body, and every violation; `root` is the field that the body fills, or ''.

    Raises ApiError MALFORMED_BODY for what is not JSON, nests too deep, or names a key twice.
    """
    if is_too_deep(body):
        raise malformed(f"the body nests deeper than {MAX_DEPTH} levels")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed(f"the body is not valid JSON, or it is cut off: {error}") from None
    if isinstance(read, MessageReader) and type(parsed) is not dict:
        raise malformed("the body must be a JSON object")
    reading = Reading()
    value = read(parsed, reading, ((), root) if root else ())
    keys = count_keys(parsed) if reading.violations else reading.keys
    repeated = repeated_keys(body, keys)
    if repeated:
        raise malformed(f"the body names a key twice in one object: {', '.join(sorted(set(repeated)))}")
    return value, reading.violations


class MessageReader:
    """Reads a JSON object as one message type."""

    def __init__(self, message: Descriptor) -> None:
        self._type = message.name
        # Field name and reader by JSON name; a plain string, by far the most frequent, has no reader.
        self._slots: dict[str, tuple[str, Read | None]] = {}
        self._proto_names: dict[str, str] = {}
        self._null_values: frozenset[str] = frozenset()
        self._oneofs: list[tuple[str, frozenset[str]]] = []

    def compile(self, message: Descriptor) -> None:
        """Fill in the fields, after the reader is known to messages that hold this one."""
        self._slots = {f.json_name: (f.name, _slot_reader(f)) for f in message.fields}
        self._proto_names = {f.name: f.json_name for f in message.fields if f.name not in self._slots}
        self._null_values = frozenset(f.name for f in message.fields if _keeps_null(f))
        for oneof in message.oneofs:
            names = frozenset(f.name for f in oneof.fields)
            if len(names) > 1:
                self._oneofs.append((oneof.name, names))

    def __call__(self, value: Any, reading: Reading, path: Path) -> dict[str, Any]:
        """Return the constructor's arguments; violations go to `reading`."""
        given: dict[str, Any] = {}
        if type(value) is not dict:
            reading.refuse(path, f"must be an object ({self._type})")
            return given
        reading.keys += len(value)
        slots = self._slots
        for key, item in value.items():
            slot = slots.get(key) or self._by_proto_name(key, value, reading, path)
            if slot is None:
                continue
            name, read = slot
            if read is None and type(item) is str:
                given[name] = item
            elif item is None and name not in self._null_values:
                continue
            elif read is None:
                reading.refuse((path, name), "must be a string")
            else:
                try:
                    given[name] = read(item, reading, (path, name))
                except BadValue as bad:
                    reading.refuse((path, name), str(bad))
        for oneof, members in self._oneofs:
            both = members.intersection(given)
            if len(both) > 1:
                reading.refuse((path, oneof), f"takes only one of {', '.join(sorted(both))}")
        return given

    def _by_proto_name(
        self, key: str, value: Mapping[str, Any], reading: Reading, path: Path
    ) -> tuple[str, Read | None] | None:
        json_name = self._proto_names.get(key)
        if json_name is None:
            reading.refuse((path, key), f"is not a field of {self._type}", "UNKNOWN_FIELD")
            return None
        if json_name in value:
            reading.refuse((path, key), "is given twice, under both of its names")
        return self._slots[json_name]


_COMPILED: dict[str, Read] = {}


def message_reader(message: Descriptor) -> Read:
    """Return the reader of a message type, compiled on first use."""
    known = _COMPILED.get(message.full_name)
    if known is not None:
        return known
    if message.full_name in WRAPPERS:
        read = _leaf(wrapper_reader(message))
    elif message.full_name in TEXT_FORMS:
        read = _leaf(TEXT_FORMS[message.full_name])
    elif message.full_name in FREE_FORMS:
        read = _counted(FREE_FORMS[message.full_name])
    else:
        # Entered before its fields are compiled: a message may hold itself.
        compiled = _COMPILED[message.full_name] = MessageReader(message)
        compiled.compile(message)
        return compiled
    _COMPILED[message.full_name] = read
    return read


def field_reader(field: FieldDescriptor) -> Read:
    """Return the reader of a field's whole JSON value."""
    return _slot_reader(field) or _leaf(read_string)


def _slot_reader(field: FieldDescriptor) -> Read | None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return _map_reader(field)
    read: Read | None
    if field.message_type is not None:
        read = message_reader(field.message_type)
    else:
        scalar = scalar_reader(field)
        read = None if scalar is read_string else _leaf(scalar)
    return _list_reader(field, read or _leaf(read_string)) if field.is_repeated else read


def _keeps_null(field: FieldDescriptor) -> bool:
    """Tell whether null is a value of the field; for all others it means absent."""
    if field.is_repeated:
        return False
    kind = field.message_type or field.enum_type
    return kind is not None and kind.full_name in ("google.protobuf.Value", "google.protobuf.NullValue")


def _leaf(read: Callable[[Any], Any]) -> Read:
    return lambda value, _reading, _path: read(value)


def _counted(read: Callable[[Any], Any]) -> Read:
    def read_free_form(value: Any, reading: Reading, _path: Path) -> Any:
        reading.keys += count_keys(value)
        return read(value)

    return read_free_form


def _list_reader(field: FieldDescriptor, read: Read) -> Read:
    takes_null = field.message_type is not None and field.message_type.full_name == "google.protobuf.Value"

    def read_list(value: Any, reading: Reading, path: Path) -> list[Any]:
        if type(value) is not list:
            raise BadValue("must be an array")
        items = []
        for index, item in enumerate(value):
            try:
                if item is None and not takes_null:
                    raise BadValue("must not be null inside an array")
                items.append(read(item, reading, (path, index)))
            except BadValue as bad:
                reading.refuse((path, index), str(bad))
        return items

    return read_list


def _map_reader(field: FieldDescriptor) -> Read:
    entry = field.message_type
    assert entry is not None
    key_field, value_field = entry.fields_by_name["key"], entry.fields_by_name["value"]
    read_key = _key_reader(key_field)
    read_value = field_reader(value_field)
    # A map's constructor takes messages, not their arguments.
    make = GetMessageClass(value_field.message_type) if value_field.message_type is not None else None

    def read_map(value: Any, reading: Reading, path: Path) -> dict[Any, Any]:
        if type(value) is not dict:
            raise BadValue("must be an object")
        reading.keys += len(value)
        items = {}
        for key, item in value.items():
            try:
                if item is None:
                    raise BadValue("must not be null inside a map")
                read = read_value(item, reading, (path, key))
                items[read_key(key)] = make(**read) if make is not None and type(read) is dict else read
            except BadValue as bad:
                reading.refuse((path, key), str(bad))
        return items

    return read_map


def _key_reader(field: FieldDescriptor) -> Callable[[str], Any]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _bool_key
    return scalar_reader(field)


def _bool_key(key: str) -> bool:
    if key not in ("true", "false"):
        raise BadValue("must have the keys true and false")
    return key == "true"


def _render(path: Path) -> str:
    above, part = path or ((), "")
    if type(part) is int:
        return f"{_render(above)}[{part}]"
    return f"{_render(above)}.{part}" if above else str(part)
