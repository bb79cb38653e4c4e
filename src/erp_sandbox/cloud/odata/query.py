"""The system query options of a GET, checked against the entity type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from erp_sandbox.cloud.messages import SapError, Text, refused
from erp_sandbox.cloud.odata.edm import EntityType, Node, Schema
from erp_sandbox.cloud.odata.filters import Predicate, compile_filter

_KNOWN = {"$filter", "$expand", "$select", "$top", "$skip", "$orderby", "$inlinecount", "$skiptoken", "$format"}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Which properties and neighbours of an entity are shown; `properties` is None for all."""

    properties: frozenset[str] | None = None
    expanded: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Query:
    """A checked query; `skip_token` is the position after the last row of the page before."""

    shape: Shape
    where: Predicate | None
    order_by: tuple[tuple[str, bool], ...]
    top: int | None
    skip: int
    skip_token: int | None
    count: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """The rows to answer; `next_token` is set when the server has more than it answers at once."""

    rows: Sequence[Node]
    count: int | None
    next_token: int | None
    top_left: int | None


def read_query(options: Mapping[str, str], entity: EntityType, schema: Schema) -> Query:
    """Return the checked query; raise SapError (400) naming the first option that is wrong."""
    for name in options:
        if name.startswith("$") and name not in _KNOWN:
            raise refused(Text.OPTION_REFUSED, name, "it is not known")
    if options.get("$format", "json") not in ("json", "application/json"):
        raise refused(Text.OPTION_REFUSED, "$format", "only json is offered")
    if options.get("$inlinecount", "none") not in ("none", "allpages"):
        raise refused(Text.OPTION_REFUSED, "$inlinecount", "it is none or allpages")
    where = options.get("$filter", "").strip()
    return Query(
        shape=read_shape(options, entity, schema),
        where=compile_filter(where, entity) if where else None,
        order_by=_order_by(options.get("$orderby", ""), entity),
        top=_number(options, "$top"),
        skip=_number(options, "$skip") or 0,
        skip_token=_number(options, "$skiptoken"),
        count=options.get("$inlinecount") == "allpages",
    )


def read_shape(options: Mapping[str, str], entity: EntityType, schema: Schema) -> Shape:
    """Return what `$select` and `$expand` ask for."""
    expanded = [path.split("/") for path in _names(options, "$expand")]
    selected = [path.split("/") for path in _names(options, "$select")]
    return _shape(expanded, selected, entity, schema)


def shape_of(paths: Sequence[Sequence[str]], entity: EntityType, schema: Schema) -> Shape:
    """Return a shape that shows everything of the entity and of the neighbours on these paths."""
    return _shape(paths, [], entity, schema)


def select_page(nodes: Sequence[Node], query: Query, page_size: int) -> Page:
    """Filter, order and cut; the server never answers more than `page_size` rows at once."""
    rows = [node for node in nodes if query.where is None or query.where(node.values)]
    count = len(rows) if query.count else None
    for name, descending in reversed(query.order_by):
        rows.sort(key=lambda node: _sort_key(node, name), reverse=descending)
    start = query.skip if query.skip_token is None else query.skip_token
    left = rows[start:] if query.top is None else rows[start : start + query.top]
    page = left[:page_size]
    more = len(left) > len(page)
    return Page(
        rows=page,
        count=count,
        next_token=start + len(page) if more else None,
        top_left=query.top - len(page) if query.top is not None else None,
    )


def _names(options: Mapping[str, str], option: str) -> list[str]:
    return [name.strip() for name in options.get(option, "").split(",") if name.strip()]


def _shape(
    expanded: Sequence[Sequence[str]], selected: Sequence[Sequence[str]], entity: EntityType, schema: Schema
) -> Shape:
    properties: set[str] | None = set() if selected else None
    for path in selected:
        head = path[0]
        if properties is None or head == "*":
            properties = None
        elif entity.property_named(head) is None and entity.navigation_named(head) is None:
            raise refused(Text.PROPERTY_UNKNOWN, head, entity.name)
        else:
            properties.add(head)
    below: dict[str, Shape] = {}
    for head in dict.fromkeys(path[0] for path in expanded if path):
        navigation = entity.navigation_named(head)
        if navigation is None:
            raise refused(Text.PROPERTY_UNKNOWN, head, entity.name)
        below[head] = _shape(
            [path[1:] for path in expanded if path[0] == head and len(path) > 1],
            [path[1:] for path in selected if path[0] == head and len(path) > 1],
            schema.type_named(navigation.target),
            schema,
        )
    return Shape(properties=None if properties is None else frozenset(properties), expanded=below)


def _order_by(text: str, entity: EntityType) -> tuple[tuple[str, bool], ...]:
    result: list[tuple[str, bool]] = []
    for part in text.split(","):
        words = part.split()
        if not words and not text.strip():
            continue
        if not 1 <= len(words) <= 2 or words[1:] not in ([], ["asc"], ["desc"]):
            raise refused(Text.OPTION_REFUSED, "$orderby", f"'{part.strip()}' cannot be read")
        if entity.property_named(words[0]) is None:
            raise refused(Text.PROPERTY_UNKNOWN, words[0], entity.name)
        result.append((words[0], words[1:] == ["desc"]))
    return tuple(result)


def _number(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise _not_a_number(name)
    return int(text)


def _not_a_number(name: str) -> SapError:
    return refused(Text.OPTION_REFUSED, name, "it must be a whole number of at least 0")


def _sort_key(node: Node, name: str) -> tuple[bool, int, object]:
    """Order texts of digits by their number, as the zero-padded keys of the database are."""
    value = node.values.get(name)
    digits = len(value) if isinstance(value, str) and value.isdecimal() else 0
    return value is not None, digits, value if value is not None else ""
