"""Identifiers and references."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import create_engine

from erp_facade.orders.ids import Ulids
from erp_facade.orders.references import References, ReferencesExhausted, text_reference
from erp_facade.store.schema import metadata
from erp_ports.operations import ReferenceKind, ReferenceShape

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def test_a_ulid_carries_its_time_and_uses_crockfords_letters():
    first = Ulids().next(dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    assert first.startswith("0000000000")
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", Ulids().next(NOON))


def test_ulids_grow_within_a_millisecond_and_when_the_clock_steps_back():
    ids = Ulids()
    times = [NOON] * 1000 + [NOON - dt.timedelta(minutes=5)] * 10 + [NOON + dt.timedelta(milliseconds=1)]
    made = [ids.next(t) for t in times]
    assert made == sorted(set(made))


def test_two_processes_make_different_ulids_at_the_same_time():
    assert Ulids().next(NOON)[10:] != Ulids().next(NOON)[10:]


def test_a_text_reference_is_the_same_in_every_process_and_as_long_as_the_field():
    assert text_reference(b"key", "01ARZ.1", 20) == "ZPVGRVN7TSQV7EIZYNCG"
    assert text_reference(b"key", "01ARZ.1", 26)[:20] == "ZPVGRVN7TSQV7EIZYNCG"
    assert text_reference(b"key", "01ARZ.2", 20) != "ZPVGRVN7TSQV7EIZYNCG"
    assert text_reference(b"other", "01ARZ.1", 20) != "ZPVGRVN7TSQV7EIZYNCG"


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


def test_numbers_are_allocated_one_after_the_other_for_each_backend(connection):
    references = References(b"key", first_number=500)
    shape = ReferenceShape(kind=ReferenceKind.NUMBER, length=8, field="EDOC")
    made = [references.allocate(connection, backend, shape, "p") for backend in ("a", "a", "b", "a")]
    assert made == ["500", "501", "500", "502"]


def test_a_number_that_the_field_cannot_hold_is_not_used(connection):
    references = References(b"key", first_number=99)
    shape = ReferenceShape(kind=ReferenceKind.NUMBER, length=2, field="EDOC")
    assert references.allocate(connection, "a", shape, "p") == "99"
    with pytest.raises(ReferencesExhausted, match="EDOC"):
        references.allocate(connection, "a", shape, "q")
