"""The resource path below a service: `Set`, `Set('key')`, `Set('key')/to_Item`, `Set/$count`, `Function`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from erp_sandbox.cloud.messages import SapError, Text, refused
from erp_sandbox.cloud.odata.edm import EntityType
from erp_sandbox.cloud.odata.values import literal, without_zeros

_SEGMENT = re.compile(r"(?P<name>[A-Za-z_$]\w*)(?:\((?P<key>.*)\))?")
_SLASH = re.compile(r"/(?=(?:[^']*'[^']*')*[^']*$)")
_COMMA = re.compile(r",(?=(?:[^']*'[^']*')*[^']*$)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One step of the path; `key` is the text between the parentheses, None without any."""

    name: str
    key: str | None


def segments(path: str) -> tuple[Segment, ...]:
    """Split a decoded path; raise SapError (404) when it is malformed."""
    found = []
    for part in _SLASH.split(path.strip("/")):
        match = _SEGMENT.fullmatch(part)
        if match is None:
            raise not_found(part)
        found.append(Segment(name=match["name"], key=match["key"]))
    return tuple(found)


def key_values(entity: EntityType, text: str) -> tuple[str, ...]:
    """Return the key in the order of the type's keys; a single key may leave its name out."""
    given: dict[str, str] = {}
    for part in _COMMA.split(text):
        name, equals, value = part.partition("=")
        if not equals or name.strip().startswith("'"):
            name, value = entity.keys[0].name if len(entity.keys) == 1 else "", part
        prop = entity.property_named(name.strip())
        try:
            key, _ = literal(value.strip())
        except ValueError as error:
            raise refused(Text.PARAMETER_REFUSED, name, entity.set_name, error) from error
        if prop is None or not prop.key or not isinstance(key, str):
            raise refused(Text.PARAMETER_REFUSED, part, entity.set_name, "it is not a key")
        given[prop.name] = without_zeros(key) if prop.alpha else key
    missing = [prop.name for prop in entity.keys if prop.name not in given]
    if missing:
        raise refused(Text.PARAMETER_REFUSED, missing[0], entity.set_name, "it is missing in the key")
    return tuple(given[prop.name] for prop in entity.keys)


def not_found(segment: str) -> SapError:
    return refused(Text.NOT_FOUND, segment, status=HTTPStatus.NOT_FOUND)
