"""What is read from the observations. Counting is done by the database, never by walking through observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, true

from erp_facade.comparisons.rows import differences_from_json
from erp_facade.store.schema import coverage, observations
from erp_routing.comparison import Difference

_MOST_FIELDS = 200
_LISTED = [c for c in observations.c if c.name not in ("request", "control_answer", "candidate_answer")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which observations are meant; an empty field means all."""

    business_unit: str = ""
    plant: str = ""
    capability: str = ""
    comparison_class: str = ""
    correlation_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldCount:
    """How many observations differ in a field with a class, and the newest of these differences."""

    capability: str
    field: str
    comparison_class: str
    count: int
    newest: str
    sample: Difference


def page(connection: Connection, wanted: Filter, before: str, limit: int) -> Sequence[Any]:
    """Return rows without the answers, newest first, older than the id `before` unless that is empty."""
    query = select(*_LISTED).where(*_conditions(observations.c, wanted)).order_by(observations.c.id.desc()).limit(limit)
    return connection.execute(query.where(observations.c.id < before) if before else query).all()


def one(connection: Connection, observation_id: str) -> Row[Any] | None:
    """Return the whole row, or None when there is none."""
    return connection.execute(select(observations).where(observations.c.id == observation_id)).one_or_none()


def scope_counts(connection: Connection, wanted: Filter) -> Sequence[Any]:
    """Return business unit, plants, capability, kind and number: a kind is a class, or why calls were left out."""
    query = select(*coverage.primary_key, coverage.c.count.label("number")).where(*_conditions(coverage.c, wanted))
    return connection.execute(query.order_by(*coverage.primary_key)).all()


def field_counts(connection: Connection, wanted: Filter) -> list[FieldCount]:
    """Return the fields that differed, most frequent first."""
    each = func.json_each(observations.c.differences).table_valued("value").alias("each")
    field = func.json_extract(each.c.value, "$.field")
    comparison_class = func.json_extract(each.c.value, "$.comparison_class")
    number = func.count(observations.c.id.distinct())
    newest = func.max(observations.c.id)
    query = (
        select(observations.c.capability, field, comparison_class, number, newest)
        .select_from(observations)
        .join(each, true())
        .where(observations.c.differences != "[]", *_conditions(observations.c, wanted))
        .group_by(observations.c.capability, field, comparison_class)
        .order_by(number.desc(), observations.c.capability, field, comparison_class)
        .limit(_MOST_FIELDS)
    )
    groups = connection.execute(query).all()
    samples = _differences(connection, {group[4] for group in groups})
    return [
        FieldCount(
            capability=capability,
            field=name,
            comparison_class=given,
            count=count,
            newest=observation_id,
            sample=next(d for d in samples[observation_id] if (d.field, d.comparison_class) == (name, given)),
        )
        for capability, name, given, count, observation_id in groups
    ]


def _differences(connection: Connection, ids: set[str]) -> dict[str, list[Difference]]:
    query = select(observations.c.id, observations.c.differences).where(observations.c.id.in_(ids))
    return {row.id: differences_from_json(row.differences) for row in connection.execute(query)}


def _conditions(columns: Any, wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        columns[name] == value
        for name in ("business_unit", "capability", "comparison_class", "correlation_id")
        if (value := getattr(wanted, name))
    ]
    if wanted.plant:
        conditions.append(columns["plants"].contains(f",{wanted.plant},", autoescape=True))
    return conditions
