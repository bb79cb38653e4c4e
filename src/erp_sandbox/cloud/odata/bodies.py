"""Bodies of POST and PATCH, read against the entity type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from erp_sandbox.cloud.messages import Text, refused
from erp_sandbox.cloud.odata.edm import EntityType, Navigation, Schema, Value
from erp_sandbox.cloud.odata.values import from_json


@dataclass(frozen=True, kw_only=True)
class Entered:
    """What a client sent for one entity: values that may be set, and children by navigation property.

    A navigation property is among the children as soon as it is named, even without any entity: that is how a client
    asks for it in the answer.
    """

    values: Mapping[str, Value]
    children: Mapping[str, tuple[Entered, ...]]

    def text(self, name: str) -> str:
        """Return the text, empty when it was not sent."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def paths(self) -> Iterator[tuple[str, ...]]:
        """Return the navigation paths that the body names."""
        for name, children in self.children.items():
            yield (name,)
            for child in children:
                for path in child.paths():
                    yield (name, *path)


def parse(body: bytes) -> Mapping[str, object]:
    """Return the JSON object; raise SapError (400) for anything else."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise refused(Text.BODY_REFUSED, error) from error
    if not isinstance(parsed, dict):
        raise refused(Text.BODY_REFUSED, "it is not an object")
    inner = parsed.get("d", parsed)
    return inner if isinstance(inner, dict) else parsed


def read_new(body: Mapping[str, object], entity: EntityType, schema: Schema) -> Entered:
    """Read a deep insert; raise SapError (400) for unknown properties, wrong types and children not allowed here."""
    values: dict[str, Value] = {}
    children: dict[str, tuple[Entered, ...]] = {}
    for name, raw in body.items():
        navigation = entity.navigation_named(name)
        if navigation is not None:
            below = schema.type_named(navigation.target)
            children[name] = tuple(read_new(each, below, schema) for each in _children(navigation, raw, entity))
        elif name != "__metadata":
            prop = entity.property_named(name)
            if prop is None:
                raise refused(Text.PROPERTY_UNKNOWN, name, entity.name)
            value = from_json(prop, raw)
            if prop.creatable:
                values[name] = value
    return Entered(values=values, children=children)


def read_changes(body: Mapping[str, object], entity: EntityType) -> Mapping[str, Value]:
    """Read a PATCH; raise SapError (400) for unknown properties and wrong types."""
    changes: dict[str, Value] = {}
    for name, raw in body.items():
        if name == "__metadata":
            continue
        prop = entity.property_named(name)
        if prop is None:
            raise refused(Text.PROPERTY_UNKNOWN, name, entity.name)
        value = from_json(prop, raw)
        if prop.updatable:
            changes[name] = value
    return changes


def _children(navigation: Navigation, raw: object, entity: EntityType) -> Sequence[Mapping[str, object]]:
    if isinstance(raw, dict) and isinstance(raw.get("results"), list):
        raw = raw["results"]
    elif isinstance(raw, dict):
        raw = [raw] if raw else []
    elif raw is None:
        raw = []
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        raise refused(Text.VALUE_REFUSED, navigation.name, str(raw)[:80])
    if raw and not navigation.creatable:
        raise refused(Text.NOT_OFFERED, f"Creating '{navigation.name}' together with '{entity.name}'")
    return raw
