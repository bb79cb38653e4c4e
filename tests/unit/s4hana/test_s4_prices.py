from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from google.type.date_pb2 import Date

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_prices import prices_from_s4, prices_to_s4
from erp.v1.common_pb2 import Quantity
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse, PriceComponent
from erp_ports.amounts import money, money_amount, quantity
from erp_ports.errors import CrossReferenceMissing, ForeignCurrency, Misconfigured, RefusalReason, Rejected

Alerts = list[tuple[str, dict[str, str]]]


def request(*, amount: str = "3", unit: str = "EA", customer: str = "ALFKI") -> CalculatePricesRequest:
    asked = CalculatePricesRequest(
        parent="businessUnits/NW",
        customer=f"businessUnits/NW/customers/{customer}",
        currency_code="USD",
        pricing_date=Date(year=2026, month=11, day=22),
    )
    asked.lines.add(
        line_id="A", product="businessUnits/NW/products/11", plant="1010", quantity=quantity(Decimal(amount), unit)
    )
    return asked


def condition(kind: str, amount: str, **fields: Any) -> dict[str, Any]:
    return {
        "PricingProcedureStep": "10",
        "ConditionType": kind,
        "ConditionRateValue": "14.000000000",
        "ConditionCurrency": "USD",
        "ConditionQuantity": "1",
        "ConditionQuantityUnit": "EA",
        "ConditionIsForStatistics": False,
        "ConditionAmount": amount,
        "TransactionCurrency": "USD",
        "ConditionInactiveReason": "",
        "ConditionClass": "B",
        **fields,
    }


def answer(*conditions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    item = {
        "SalesOrderItem": "10",
        "Material": "11",
        "SalesOrderItemText": "Queso Cabrales",
        "RequestedQuantity": "3.000",
        "RequestedQuantityUnit": "EA",
        "NetAmount": "42.000",
        "TaxAmount": "3.360",
        "TransactionCurrency": "USD",
        "to_PricingElement": {"results": list(conditions or [condition("PPR0", "42.000")])},
        **fields,
    }
    return {
        "TransactionCurrency": "USD",
        "to_Pricing": {"TotalNetAmount": item["NetAmount"], "TransactionCurrency": "USD"},
        "to_Item": {"results": [item]},
    }


def priced(words: Words, document: dict[str, Any], **asked: Any) -> CalculatePricesResponse:
    return prices_from_s4(request(**asked), document, words, {})


def test_a_question_is_a_simulation_without_schedule_lines(words: Words) -> None:
    assert prices_to_s4(request(), words) == {
        "SalesOrderType": "OR",
        "SalesOrganization": "1010",
        "DistributionChannel": "10",
        "OrganizationDivision": "00",
        "SoldToParty": "0010100001",
        "TransactionCurrency": "USD",
        "PricingDate": "/Date(1795305600000)/",
        "to_Pricing": {},
        "to_Item": [
            {
                "SalesOrderItem": "10",
                "Material": "000000000000000011",
                "Plant": "1010",
                "RequestedQuantity": "3",
                "RequestedQuantityUnit": "EA",
                "to_PricingElement": [],
            }
        ],
    }


def test_an_agreed_price_and_discount_become_manual_conditions(words: Words) -> None:
    asked = request()
    asked.lines[0].agreed_discount.value = "0.0525"
    asked.lines[0].agreed_unit_price.amount.CopyFrom(money(Decimal("12.34"), "USD"))
    asked.lines[0].agreed_unit_price.per_quantity.value = "0.5"
    asked.lines[0].agreed_unit_price.unit = "DZN"
    assert prices_to_s4(asked, words)["to_Item"][0]["to_PricingElement"] == [
        {
            "ConditionType": "PMP0",
            "ConditionRateValue": "123.4",
            "ConditionCurrency": "USD",
            "ConditionQuantity": "5",
            "ConditionQuantityUnit": "DZ",
        },
        {"ConditionType": "DRG1", "ConditionRateValue": "-5.25"},
    ]


def test_a_price_unit_that_s4_has_no_room_for_is_refused(words: Words) -> None:
    asked = request()
    asked.lines[0].agreed_unit_price.amount.CopyFrom(money(Decimal(1), "USD"))
    asked.lines[0].agreed_unit_price.per_quantity.value = "100000"
    asked.lines[0].agreed_unit_price.unit = "EA"
    with pytest.raises(Rejected, match="line A: S/4HANA states prices per 1 to 99999 units"):
        prices_to_s4(asked, words)


def test_a_quantity_with_four_decimals_is_refused_instead_of_rounded(words: Words) -> None:
    with pytest.raises(Rejected, match="line A: S/4HANA takes quantities with at most 3 decimals"):
        prices_to_s4(request(amount="1.0005"), words)


def test_an_unknown_customer_is_refused_before_the_erp_is_asked(words: Words) -> None:
    with pytest.raises(CrossReferenceMissing):
        prices_to_s4(request(customer="NOBODY"), words)


def test_a_business_unit_without_sales_area_is_a_misconfiguration(words: Words) -> None:
    asked = request()
    asked.parent = "businessUnits/XX"
    with pytest.raises(Misconfigured, match="no sales area for business unit XX"):
        prices_to_s4(asked, words)


def test_a_simulated_item_is_a_priced_line(words: Words) -> None:
    document = answer(
        condition("PPR0", "42.000"),
        condition("DRG1", "-2.100", ConditionClass="A", ConditionCurrency="", ConditionQuantity="0"),
        condition("KF00", "5.000", ConditionClass="A"),
        condition("TTX1", "3.360", ConditionClass="D"),
    )
    response = priced(words, document)
    line = response.lines[0]
    assert (line.line_id, line.product, line.plant) == ("A", "businessUnits/NW/products/11", "1010")
    assert line.quantity == quantity(Decimal(3), "EA")
    assert line.description == "Queso Cabrales"
    assert (money_amount(line.net_amount), money_amount(line.tax_amount)) == (Decimal(42), Decimal("3.36"))
    assert money_amount(line.net_price.amount) == Decimal(14)
    assert money_amount(line.list_price.amount) == Decimal(14)
    assert [(x.kind, money_amount(x.amount), x.source_code) for x in line.components] == [
        (PriceComponent.BASE, Decimal(42), "PPR0"),
        (PriceComponent.DISCOUNT, Decimal("-2.1"), "DRG1"),
        (PriceComponent.FREIGHT, Decimal(5), "KF00"),
        (PriceComponent.TAX, Decimal("3.36"), "TTX1"),
    ]
    assert (money_amount(response.net_amount), money_amount(response.tax_amount)) == (Decimal(42), Decimal("3.36"))
    assert response.pricing_date == Date(year=2026, month=11, day=22)


def test_the_net_price_loses_nothing(words: Words) -> None:
    line = priced(words, answer(NetAmount="100.000")).lines[0]
    assert (money_amount(line.net_price.amount), line.net_price.per_quantity.value) == (Decimal(100), "3")
    assert line.net_price.unit == "EA"


def test_the_list_price_keeps_its_price_unit(words: Words) -> None:
    base = condition("PPR0", "42.000", ConditionRateValue="1400.000000000", ConditionQuantity="100")
    line = priced(words, answer(base)).lines[0]
    assert (money_amount(line.list_price.amount), line.list_price.per_quantity.value) == (Decimal(1400), "100")


def test_a_list_price_in_another_currency_is_restated_from_its_amount(words: Words) -> None:
    base = condition("PPR0", "42.000", ConditionCurrency="EUR", ConditionRateValue="12.9")
    line = priced(words, answer(base)).lines[0]
    assert (money_amount(line.list_price.amount), line.list_price.amount.currency_code) == (Decimal(14), "USD")


def test_an_agreed_price_is_the_list_price_although_the_erp_found_its_own(words: Words) -> None:
    found = condition("PPR0", "42.000", ConditionInactiveReason="A")
    agreed = condition("PMP0", "36.000", ConditionRateValue="12.000000000")
    line = priced(words, answer(found, agreed, NetAmount="36.000")).lines[0]
    assert money_amount(line.list_price.amount) == Decimal(12)
    assert [x.source_code for x in line.components] == ["PMP0"]


def test_statistical_conditions_and_subtotals_do_not_count(words: Words) -> None:
    cost = condition("VPRS", "30.000", ConditionIsForStatistics=True, ConditionClass="G")
    subtotal = condition("", "42.000")
    line = priced(words, answer(condition("PPR0", "42.000"), cost, subtotal)).lines[0]
    assert [x.source_code for x in line.components] == ["PPR0"]


def test_an_unknown_condition_class_has_no_kind_and_raises_an_alert(words: Words, alerts: Alerts) -> None:
    odd = condition("ZZZZ", "1.000", ConditionClass="Q")
    line = priced(words, answer(condition("PPR0", "42.000"), odd)).lines[0]
    assert line.components[1].kind == PriceComponent.KIND_UNSPECIFIED
    assert alerts == [("s4.code_without_meaning", {"field": "ConditionClass", "code": "Q"})]


@pytest.mark.parametrize("number", ["10", "000010"])
@pytest.mark.parametrize("material", ["11", "000000000000000011", "", None])
def test_items_are_recognised_with_and_without_leading_zeros(words: Words, number: str, material: str | None) -> None:
    assert priced(words, answer(SalesOrderItem=number, Material=material)).lines[0].line_id == "A"


def test_another_material_is_not_taken_for_the_one_asked_for(words: Words) -> None:
    with pytest.raises(Rejected, match="would sell material 12 instead of"):
        priced(words, answer(Material="12"))


def test_an_item_that_was_dropped_is_noticed(words: Words) -> None:
    with pytest.raises(odata.Unreadable, match="no item for line A"):
        priced(words, {"to_Item": {"results": []}})


def test_free_goods_beneath_an_item_are_no_line(words: Words) -> None:
    document = answer()
    free = {**document["to_Item"]["results"][0], "SalesOrderItem": "10", "HigherLevelItem": "000010", "NetAmount": "0"}
    document["to_Item"]["results"].append(free)
    assert money_amount(priced(words, document).lines[0].net_amount) == Decimal(42)


def test_an_item_without_any_price_has_no_price(words: Words) -> None:
    tax = condition("TTX1", "0.000", ConditionClass="D")
    with pytest.raises(Rejected, match="line A: S/4HANA has no price") as refusal:
        priced(words, answer(tax, NetAmount="0.000"))
    assert refusal.value.reason is RefusalReason.PRICE_MISSING


def test_an_item_that_is_free_of_charge_has_a_price(words: Words) -> None:
    discount = condition("DRG1", "-42.000", ConditionClass="A")
    line = priced(words, answer(condition("PPR0", "42.000"), discount, NetAmount="0.000")).lines[0]
    assert money_amount(line.net_amount) == Decimal(0)


@pytest.mark.parametrize("where", ["document", "totals", "item"])
def test_an_answer_in_another_currency_is_refused(words: Words, where: str) -> None:
    document = answer()
    totals, item = document["to_Pricing"], document["to_Item"]["results"][0]
    {"document": document, "totals": totals, "item": item}[where]["TransactionCurrency"] = "EUR"
    with pytest.raises(ForeignCurrency, match="EUR"):
        priced(words, document)


def test_optional_fields_may_be_missing(words: Words) -> None:
    document = {"to_Item": {"results": [{"SalesOrderItem": "10", "NetAmount": "42.00", "Surprise": {"x": 1}}]}}
    response = priced(words, document)
    line = response.lines[0]
    assert money_amount(response.net_amount) == Decimal(42)
    assert line.quantity == quantity(Decimal(3), "EA")
    assert not line.HasField("list_price")
    assert not line.HasField("tax_amount")
    assert not response.HasField("tax_amount")


def test_tax_is_taken_from_the_conditions_where_the_item_states_none(words: Words) -> None:
    tax = condition("TTX1", "3.360", ConditionClass="D")
    response = priced(words, answer(condition("PPR0", "42.000"), tax, TaxAmount=None))
    assert money_amount(response.lines[0].tax_amount) == Decimal("3.36")


def test_the_quantity_in_base_units_is_stated_where_it_is_known(words: Words) -> None:
    dozen = answer(RequestedQuantityUnit="DZ")
    base: dict[str, Quantity] = {"A": quantity(Decimal(36), "EA")}
    line = prices_from_s4(request(unit="DZN"), dozen, words, base).lines[0]
    assert line.quantity == quantity(Decimal(3), "DZN")
    assert line.base_quantity == quantity(Decimal(36), "EA")


def test_condition_types_are_configured(make_words: Callable[..., Words]) -> None:
    words = make_words(conditions={"base_price_types": ["ZPR0"], "manual_price_type": "ZPM0", "discount_type": "ZDI0"})
    asked = request()
    asked.lines[0].agreed_discount.value = "0.05"
    assert prices_to_s4(asked, words)["to_Item"][0]["to_PricingElement"][0]["ConditionType"] == "ZDI0"
    both = answer(condition("PPR0", "0.000", ConditionRateValue="1"), condition("ZPR0", "42.000"))
    assert money_amount(priced(words, both).lines[0].list_price.amount) == Decimal(14)
