"""The proto3 JSON mapping both ways, compiled per message type and fast enough for every call."""

from __future__ import annotations

from typing import TypeVar, cast

import orjson
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from erp_facade.api_error import invalid
from erp_facade.rest.json_reading import message_reader, read_body
from erp_facade.rest.json_writing import message_writer

M = TypeVar("M", bound=Message)


def descriptor_of(message: Message | type[Message]) -> Descriptor:
    """Return the descriptor of a message or its class, whichever implementation of protobuf made it."""
    return cast(Descriptor, message.DESCRIPTOR)


def to_json(message: Message, *, enums_as_numbers: bool = False) -> bytes:
    """Return a message as compact JSON: lowerCamelCase names, fields without presence always there."""
    return orjson.dumps(message_writer(descriptor_of(message), enums_as_numbers=enums_as_numbers)(message))


def from_json(message_class: type[M], body: bytes) -> M:
    """Return the message of a JSON object; raise ApiError with every violation, or MALFORMED_BODY."""
    arguments, violations = read_body(body, message_reader(descriptor_of(message_class)), "")
    if violations:
        raise invalid(violations)
    return message_class(**arguments)
