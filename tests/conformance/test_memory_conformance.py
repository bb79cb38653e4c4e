"""The in-memory ERP keeps every promise, however it is configured to book and to simulate."""

from __future__ import annotations

import pytest

from erp_ports.conformance import AdapterConformance, Subject
from erp_ports.conformance.example import memory_subject
from erp_ports.operations import Effect, Operation
from erp_ports.ports import Adapter
from erp_ports.shadow import ShadowView


class TestInMemoryErp(AdapterConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return memory_subject()


class TestInMemoryErpThatBooksLater(AdapterConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return memory_subject(hold_bookings=True)


class TestInMemoryErpThatComposesSimulationsAndStatesTax(AdapterConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        return memory_subject(composed_simulation=True, tax_rate="0.19")


class TestInMemoryErpThatOnlyAnswersQuestions(AdapterConformance):
    @pytest.fixture
    def subject(self) -> Subject:
        missing = [Operation.CREATE_ORDER, Operation.CANCEL_ORDER, Operation.SIMULATE_ORDER, Operation.LIST_INVOICES]
        return memory_subject(unsupported=missing)


def test_a_shadow_view_has_no_attribute_that_writes() -> None:
    view = ShadowView(memory_subject().adapter)
    writes = [x for x in Operation if x.effect is Effect.WRITE]
    assert isinstance(view, Adapter)
    assert writes
    assert [x for x in writes if hasattr(view, x.value) or view.declaration.offers(x)] == []
