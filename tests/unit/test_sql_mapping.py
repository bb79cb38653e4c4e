"""How JD Edwards stores values and keys, both ways."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from erp_ports.errors import CrossReferenceMissing, Misconfigured, NotFound
from erp_ports.xref import CrossReference, Table, ZeroPad
from legacy_erp.sql.column_types import (
    BusinessUnitText,
    Text,
    date_from_jde,
    date_to_jde,
    implied_from_jde,
    implied_to_jde,
    jde_money,
    whole,
)
from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.documents import DocumentKey
from legacy_erp.sql.keys import Keys, reference_to_jde

DIALECT = sqlite.dialect()


def config(**more: object) -> SqlConfig:
    return SqlConfig.model_validate(
        {
            "url": "sqlite://",
            "shadow_url": "sqlite://",
            "business_units": {"NW": {"company": "00100", "currency": "USD"}},
            **more,
        }
    )


def keys(**rules: object) -> Keys:
    return Keys(config(), CrossReference(backend="legacy", rules=rules))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("date", "stored"),
    [
        (dt.date(2002, 1, 1), 102001),
        (dt.date(1999, 12, 31), 99365),
        (dt.date(2024, 12, 31), 124366),
        (dt.date(2026, 11, 22), 126326),
        (None, 0),
    ],
)
def test_a_date_is_stored_as_century_year_and_day_of_the_year(date: dt.date | None, stored: int) -> None:
    assert date_to_jde(date) == stored
    assert date_from_jde(stored) == date


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2199, 12, 31)))
def test_every_date_survives_the_way_to_the_erp_and_back(date: dt.date) -> None:
    assert date_from_jde(date_to_jde(date)) == date


@pytest.mark.parametrize("stored", [123366, 126000, 126367, 126326.5])
def test_a_day_that_its_year_does_not_have_is_refused(stored: float) -> None:
    with pytest.raises(ValueError, match="not"):
        date_from_jde(stored)


@pytest.mark.parametrize("stored", [10010, Decimal("10010"), Decimal("1.0010E+4"), 10010.0])
def test_the_same_number_is_read_whatever_the_driver_makes_of_it(stored: object) -> None:
    assert implied_from_jde(stored, 2) == Decimal("100.10")


@pytest.mark.parametrize("stored", [0.5, Decimal("0.5"), 1e300, "12"])
def test_what_is_no_whole_number_is_refused_instead_of_rounded(stored: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        whole(stored)


@given(st.integers(min_value=-(10**14), max_value=10**14), st.integers(min_value=0, max_value=9))
def test_implied_decimals_are_exact_both_ways(stored: int, decimals: int) -> None:
    assert implied_to_jde(implied_from_jde(stored, decimals), decimals) == stored


def test_a_number_with_more_decimals_than_the_column_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 3 decimals"):
        implied_to_jde(Decimal("0.0001"), 3)


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    assert (jde_money(12345, "USD").units, jde_money(12345, "USD").nanos) == (123, 450_000_000)
    assert (jde_money(12345, "JPY").units, jde_money(12345, "JPY").nanos) == (12345, 0)


def test_text_is_padded_on_the_right_and_branches_on_the_left() -> None:
    assert Text(5).process_bind_param("NW", DIALECT) == "NW   "
    assert BusinessUnitText().process_bind_param("EU01", DIALECT) == "        EU01"
    assert BusinessUnitText().process_result_value("        EU01", DIALECT) == "EU01"
    assert Text(5).process_result_value("     ", DIALECT) == ""


def test_a_text_that_does_not_fit_is_refused_instead_of_cut() -> None:
    with pytest.raises(ValueError, match="longer"):
        Text(2).process_bind_param("DZN", DIALECT)


def test_keys_of_documents_sort_as_their_numbers_do() -> None:
    small, large = (str(DocumentKey(company="00100", document_type="RI", number=n)) for n in (999, 12345))
    assert small < large
    assert large == "00100-RI-00012345"
    assert DocumentKey.parse(large, company="00100", document_type="RI") == DocumentKey(
        company="00100", document_type="RI", number=12345
    )


def test_a_bare_number_is_a_document_of_the_usual_type() -> None:
    parsed = DocumentKey.parse("12345", company="00100", document_type="SO")
    assert str(parsed) == "00100-SO-00012345"


@pytest.mark.parametrize("text", ["", "x", "00200-SO-00000001", "00100-SO-", "00100-SO-1'; --", "123456789"])
def test_a_text_that_is_no_key_of_the_company_is_recognised(text: str) -> None:
    assert DocumentKey.parse(text, company="00100", document_type="SO") is None


def test_customers_products_and_plants_go_through_the_cross_reference() -> None:
    ours = keys(customer=Table({"ALFKI": "4201"}), product=ZeroPad(8))
    assert ours.customer_to_jde("businessUnits/NW/customers/ALFKI") == 4201
    assert ours.product_to_jde("businessUnits/NW/products/11") == "00000011"
    assert ours.customer_from_jde("NW", 4201) == "businessUnits/NW/customers/ALFKI"
    assert ours.product_from_jde("NW", "00000011") == "businessUnits/NW/products/11"


def test_a_customer_without_a_key_is_named_before_the_database_is_asked() -> None:
    with pytest.raises(CrossReferenceMissing):
        keys(customer=Table({})).customer_to_jde("businessUnits/NW/customers/ALFKI")


@pytest.mark.parametrize("customer", ["ALFKI", "123456789", "4 2", "٤٢"])
def test_a_key_that_cannot_be_an_address_number_is_not_found(customer: str) -> None:
    with pytest.raises(NotFound) as caught:
        keys().customer_to_jde(f"businessUnits/NW/customers/{customer}")
    assert caught.value.kind == "customer"


@pytest.mark.parametrize(("kind", "text"), [("product", "X" * 26), ("plant", "P" * 13), ("unit", "DZN")])
def test_a_key_longer_than_its_column_is_not_found(kind: str, text: str) -> None:
    translate = {"product": keys().product_to_jde, "plant": keys().plant_to_jde, "unit": keys().unit_to_jde}[kind]
    with pytest.raises(NotFound) as caught:
        translate(text)
    assert caught.value.kind == kind


def test_a_document_that_names_something_unknown_here_is_shown_without_it(caplog: pytest.LogCaptureFixture) -> None:
    assert keys(customer=Table({"ALFKI": "4201"})).customer_from_jde("NW", 9999) == ""
    assert [record.message for record in caplog.records] == ["legacy_sql.key_unmapped"]


@pytest.mark.parametrize("reference", ["", "ABC", "1234567890", "٤٢", "-1"])
def test_a_reference_of_another_shape_is_our_mistake(reference: str) -> None:
    with pytest.raises(Misconfigured):
        reference_to_jde(reference)


def test_a_business_unit_without_a_company_is_our_mistake() -> None:
    with pytest.raises(Misconfigured):
        keys().company("XX")


@pytest.mark.parametrize("wrong", [{"profile": "sap"}, {"decimals": {"quantities": 3}}, {"business_units": {}}])
def test_a_configuration_with_something_unknown_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        config(**wrong)


def test_urls_are_secrets() -> None:
    assert "sqlite" not in repr(config())
