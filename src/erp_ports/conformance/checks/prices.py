"""Promises about prices."""

from __future__ import annotations

from decimal import Decimal

from erp.v1.common_pb2 import UnitPrice
from erp.v1.pricing_pb2 import PriceComponent
from erp_ports.amounts import money_amount, round_money, to_date
from erp_ports.conformance.asking import Wish, prices, refusal, unknown_wish, usual_wishes
from erp_ports.conformance.check import NotApplicable, check, require, require_equal
from erp_ports.conformance.subject import Subject
from erp_ports.errors import NotFound
from erp_ports.names import product_name
from erp_ports.operations import Operation

_PRICES = Operation.CALCULATE_PRICES


@check(_PRICES)
async def prices_answer_every_line_in_order(subject: Subject) -> None:
    """The answer holds one line for each line asked, in its order, with its id, product, plant and quantity."""
    wishes = usual_wishes(subject)
    answer = await prices(subject, wishes)
    require_equal([w.line_id for w in wishes], [x.line_id for x in answer.lines], "line ids")
    for wish, line in zip(wishes, answer.lines, strict=True):
        require_equal(product_name(subject.business_unit, wish.product.product), line.product, "product")
        require_equal(wish.product.plant, line.plant, "plant")
        require_equal(wish.quantity, Decimal(line.quantity.value.value), "quantity")
        require_equal(wish.product.unit, line.quantity.unit, "unit of the quantity")
    require(not answer.partial and not answer.missing, "an adapter answers all lines or raises")
    require_equal(subject.pricing_date, to_date(answer.pricing_date), "pricing date")


@check(_PRICES)
async def prices_are_in_the_currency_asked_for(subject: Subject) -> None:
    """Every amount is in the currency of the request."""
    answer = await prices(subject, usual_wishes(subject))
    found = {answer.net_amount.currency_code}
    for line in answer.lines:
        found |= {line.list_price.amount.currency_code, line.net_price.amount.currency_code}
        found |= {line.net_amount.currency_code, *(x.amount.currency_code for x in line.components)}
    require_equal({subject.currency}, found, "currencies in the answer")


@check(_PRICES)
async def list_price_is_the_base_price_of_the_erp(subject: Subject) -> None:
    """List prices are the ERP's base prices, whatever quantity they are stated for."""
    wishes = usual_wishes(subject)
    answer = await prices(subject, wishes)
    for wish, line in zip(wishes, answer.lines, strict=True):
        require_equal(wish.product.unit, line.list_price.unit, f"unit of the list price of line {line.line_id}")
        stated = wish.product.list_price / wish.product.per_quantity
        require_equal(stated, _per_one(line.list_price), f"list price per unit of line {line.line_id}")


@check(_PRICES)
async def net_amount_is_net_price_times_quantity(subject: Subject) -> None:
    """Net amounts are net price times quantity, rounded half-up to the minor unit; totals are their sums."""
    first, second = subject.products
    wishes = (
        Wish(line_id="3", product=first, quantity=Decimal(3)),
        Wish(line_id="1", product=second, quantity=Decimal(7)),
        Wish(line_id="2", product=first, quantity=Decimal(12), discount="0.05"),
    )
    answer = await prices(subject, wishes)
    for wish, line in zip(wishes, answer.lines, strict=True):
        expected = round_money(_per_one(line.net_price) * wish.quantity, subject.currency)
        require_equal(expected, money_amount(line.net_amount), f"net amount of line {line.line_id}")
    total = sum((money_amount(x.net_amount) for x in answer.lines), Decimal(0))
    require_equal(total, money_amount(answer.net_amount), "sum of the net amounts")


@check(_PRICES)
async def amounts_are_rounded_half_up(subject: Subject) -> None:
    """A price of half a minor unit too much is rounded up: neither to even, nor down, nor through a float."""
    wish = Wish(line_id="1", product=subject.products[0], agreed_price=(Decimal("100.50"), Decimal(100)))
    answer = await prices(subject, [wish])
    expected = round_money(Decimal("1.005"), subject.currency)
    require_equal(expected, money_amount(answer.lines[0].net_amount), "net amount of 1.005 for one unit")


@check(_PRICES)
async def agreed_discount_lowers_the_net_price(subject: Subject) -> None:
    """A discount is taken off the net price and leaves the list price alone; other lines keep their price."""
    first, second = subject.products
    wishes = (
        Wish(line_id="1", product=first, quantity=Decimal(10), discount="0.05"),
        Wish(line_id="2", product=second, quantity=Decimal(10)),
    )
    answer = await prices(subject, wishes)
    reduced, full = answer.lines
    require_equal(first.list_price / first.per_quantity, _per_one(reduced.list_price), "list price under a discount")
    for product, line, factor in ((first, reduced, Decimal("0.95")), (second, full, Decimal(1))):
        expected = round_money(product.list_price * 10 * factor / product.per_quantity, subject.currency)
        require_equal(expected, money_amount(line.net_amount), f"net amount of line {line.line_id}")


@check(_PRICES)
async def agreed_unit_price_takes_the_place_of_the_base_price(subject: Subject) -> None:
    """A price agreed with the customer counts instead of the ERP's, and a discount still applies to it."""
    first, second = subject.products
    wishes = (
        Wish(line_id="1", product=first, quantity=Decimal(3), agreed_price=(Decimal("12.34"), Decimal(1))),
        Wish(line_id="2", product=second, agreed_price=(Decimal("20.00"), Decimal(1)), discount="0.05"),
    )
    answer = await prices(subject, wishes)
    found = [money_amount(x.net_amount) for x in answer.lines]
    expected = [round_money(Decimal(x), subject.currency) for x in ("37.02", "19.00")]
    require_equal(expected, found, "net amounts under agreed prices")


@check(_PRICES)
async def price_components_add_up(subject: Subject) -> None:
    """Where components are stated, those before tax add up to the net amount of the line."""
    wishes = [
        Wish(line_id="1", product=product, quantity=Decimal(3), discount="0.05") for product in subject.products[:1]
    ]
    for line in (await prices(subject, wishes)).lines:
        before_tax = [money_amount(x.amount) for x in line.components if x.kind != PriceComponent.TAX]
        if before_tax:
            require_equal(money_amount(line.net_amount), sum(before_tax), f"components of line {line.line_id}")


@check(_PRICES)
async def pricing_date_decides_which_price_applies(subject: Subject) -> None:
    """A pricing date in the past gives the price of that day."""
    product = next((x for x in subject.products if x.earlier_price), None)
    earlier = product.earlier_price if product else None
    if product is None or earlier is None:
        raise NotApplicable("no product of the subject has an earlier_price")
    date, amount = earlier
    answer = await prices(subject, [Wish(line_id="1", product=product)], pricing_date=date)
    require_equal(date, to_date(answer.pricing_date), "pricing date")
    require_equal(amount / product.per_quantity, _per_one(answer.lines[0].net_price), f"net price on {date}")


@check(_PRICES)
async def unknown_product_has_no_price(subject: Subject) -> None:
    """An unknown product fails the whole question, and the error says that it is the product."""
    wishes = (*usual_wishes(subject), unknown_wish(subject))
    error = await refusal(prices(subject, wishes), NotFound, "prices of an unknown product")
    require_equal("product", getattr(error, "kind", None), "kind of the thing that was not found")


@check(_PRICES)
async def unknown_customer_has_no_price(subject: Subject) -> None:
    """An unknown customer is told apart from an unknown product."""
    question = prices(subject, usual_wishes(subject), customer=subject.unknown_customer)
    error = await refusal(question, NotFound, "prices for an unknown customer")
    require_equal("customer", getattr(error, "kind", None), "kind of the thing that was not found")


def _per_one(price: UnitPrice) -> Decimal:
    return money_amount(price.amount) / Decimal(price.per_quantity.value or "1")
