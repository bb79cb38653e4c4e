"""How a service describes itself: properties, entity types, navigation and function imports."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


class Wire(str):
    """A value that is already in the form of the wire and is sent as it is."""


Value = str | Decimal | bool | date | datetime | None
Values = Mapping[str, Value]


class Edm(enum.StrEnum):
    """The primitive types in use."""

    STRING = "Edm.String"
    DECIMAL = "Edm.Decimal"
    BOOLEAN = "Edm.Boolean"
    DATE_TIME = "Edm.DateTime"
    DATE_TIME_OFFSET = "Edm.DateTimeOffset"


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """One property; `alpha` marks keys whose leading zeros do not count (the conversion exit ALPHA).

    `creatable` and `updatable` say whether a value that a client sends is taken; one that is sent in vain is ignored.
    """

    name: str
    edm: Edm
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    key: bool = False
    alpha: bool = False
    creatable: bool = False
    updatable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Navigation:
    """A way from one entity to others; `creatable` when a deep insert may carry them."""

    name: str
    target: str
    many: bool = True
    creatable: bool = False


# Compared by identity: a type is what tables of paths and handlers are keyed by.
@dataclass(frozen=True, kw_only=True, eq=False)
class EntityType:
    """An entity type with the one set that holds it; `concurrency` names the property behind the ETag."""

    name: str
    set_name: str
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...] = ()
    concurrency: str = ""
    _properties: dict[str, Property] = field(init=False, repr=False, default_factory=dict)
    _navigations: dict[str, Navigation] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._properties.update((each.name, each) for each in self.properties)
        self._navigations.update((each.name, each) for each in self.navigations)

    @property
    def keys(self) -> tuple[Property, ...]:
        return tuple(each for each in self.properties if each.key)

    def property_named(self, name: str) -> Property | None:
        return self._properties.get(name)

    def navigation_named(self, name: str) -> Navigation | None:
        return self._navigations.get(name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function import, called with GET; it answers one value of a complex type or a collection."""

    name: str
    returns: str
    many: bool
    parameters: tuple[Property, ...]


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A service's model; `complex_types` have properties only."""

    service: str
    types: tuple[EntityType, ...] = ()
    complex_types: tuple[tuple[str, tuple[Property, ...]], ...] = ()
    functions: tuple[Function, ...] = ()

    def type_of_set(self, set_name: str) -> EntityType | None:
        return next((each for each in self.types if each.set_name == set_name), None)

    def type_named(self, name: str) -> EntityType:
        return next(each for each in self.types if each.name == name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One entity: its values, and its neighbours by navigation property, found when they are asked for.

    `shown` is called when the entity becomes part of an answer.
    """

    type: EntityType
    values: Values
    links: Mapping[str, Callable[[], Sequence[Node]]] = field(default_factory=dict)
    etag: str = ""
    shown: Callable[[], None] | None = None

    @property
    def key(self) -> tuple[Value, ...]:
        return tuple(self.values[each.name] for each in self.type.keys)


def text(name: str, length: int, *, key: bool = False, alpha: bool = False, access: str = "") -> Property:
    """Describe a text; `access` holds `c` when it may be created and `u` when it may be updated."""
    return Property(
        name=name,
        edm=Edm.STRING,
        max_length=length,
        key=key,
        alpha=alpha,
        creatable="c" in access,
        updatable="u" in access,
    )


def decimal(name: str, precision: int, scale: int, *, access: str = "") -> Property:
    return Property(
        name=name,
        edm=Edm.DECIMAL,
        precision=precision,
        scale=scale,
        creatable="c" in access,
        updatable="u" in access,
    )


def day(name: str, *, access: str = "") -> Property:
    """Describe a date, which travels as midnight UTC without a zone."""
    return Property(name=name, edm=Edm.DATE_TIME, precision=0, creatable="c" in access, updatable="u" in access)


def instant(name: str) -> Property:
    return Property(name=name, edm=Edm.DATE_TIME_OFFSET, precision=7)


def flag(name: str, *, access: str = "") -> Property:
    return Property(name=name, edm=Edm.BOOLEAN, creatable="c" in access, updatable="u" in access)
