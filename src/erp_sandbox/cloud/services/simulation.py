"""API_SALES_ORDER_SIMULATION_SRV: what an order would become; nothing is saved."""

from __future__ import annotations

from datetime import date, timedelta

from erp_sandbox.cloud.documents import ZERO, Item, ScheduleLine
from erp_sandbox.cloud.odata.bodies import Entered
from erp_sandbox.cloud.odata.edm import EntityType, Node, Value, Values
from erp_sandbox.cloud.odata.query import shape_of
from erp_sandbox.cloud.odata.values import other_date_text
from erp_sandbox.cloud.ordering import Clerk, Draft, OrderRequest
from erp_sandbox.cloud.seeding import CallSeeds
from erp_sandbox.cloud.services.entered import order_request
from erp_sandbox.cloud.services.service import Call, Created, Service
from erp_sandbox.cloud.services.simulation_model import (
    SCHEMA,
    SIMULATED_CREDIT,
    SIMULATED_ITEM,
    SIMULATED_ITEM_CONDITION,
    SIMULATED_ITEM_PARTNER,
    SIMULATED_PARTNER,
    SIMULATED_PRICING,
    SIMULATED_SCHEDULE_LINE,
    SIMULATION,
)
from erp_sandbox.cloud.services.views import condition_values, item_values, schedule_values
from erp_sandbox.cloud.setup import Setup
from erp_sandbox.seed_effects import is_cause
from erp_sandbox.seeds import ORDERS, PRICING, Seed

_CREDIT_OK = "A"
_PROCEDURE = "YNW001"


class SimulationService(Service):
    """Prices, dates and credit of an order that is not booked."""

    schema = SCHEMA

    def __init__(self, setup: Setup, clerk: Clerk) -> None:
        self._setup = setup
        self._clerk = clerk

    def create(self, entity: EntityType, entered: Entered, call: Call) -> Created:
        if entity is not SIMULATION:
            return super().create(entity, entered, call)
        request = order_request(entered, plant_property="Plant", today=self._setup.today)
        paths = list(entered.paths())
        operation = ORDERS if ("to_Item", "to_ScheduleLine") in paths else PRICING
        draft = self._clerk.draft(request, operation=operation, seeds=call.seeds)
        node = self._node(request, draft, operation, call.seeds)
        return Created(node=node, shape=shape_of(paths, SIMULATION, SCHEMA), warnings=draft.warnings)

    def _node(self, request: OrderRequest, draft: Draft, operation: str, seeds: CallSeeds) -> Node:
        key: dict[str, Value] = {"SalesOrder": ""}
        net = sum((item.net for item in draft.items), ZERO)
        currency = request.currency
        date_seeds = {item.number: self._date_seed(item, operation, seeds) for item in draft.items}
        return Node(
            type=SIMULATION,
            values={
                **key,
                "SalesOrderType": request.order_type,
                "SalesOrganization": request.sales_organization,
                "DistributionChannel": request.channel,
                "OrganizationDivision": request.division,
                "SoldToParty": request.sold_to,
                "PurchaseOrderByCustomer": request.purchase_order,
                "SalesOrderDate": request.order_date,
                "PricingDate": request.pricing_date,
                "RequestedDeliveryDate": request.requested_date,
                "TransactionCurrency": currency,
                "SDPricingProcedure": _PROCEDURE,
            },
            links={
                "to_Credit": lambda: [
                    Node(type=SIMULATED_CREDIT, values={**key, "TotalCreditCheckStatus": _CREDIT_OK})
                ],
                "to_Item": lambda: [_item_node(item, currency, date_seeds[item.number]) for item in draft.items],
                "to_Partner": lambda: [_partner(SIMULATED_PARTNER, key, request)],
                "to_Pricing": lambda: [
                    Node(
                        type=SIMULATED_PRICING,
                        values={**key, "TotalNetAmount": net, "TransactionCurrency": currency},
                    )
                ],
                "to_PricingElement": list,
            },
        )

    def _date_seed(self, item: Item, operation: str, seeds: CallSeeds) -> Seed | None:
        product = self._setup.material_by_number[item.material].product
        return seeds.seed_for(operation=operation, plant=item.plant, product=product)


def _item_node(item: Item, currency: str, seed: Seed | None) -> Node:
    key: dict[str, Value] = {"SalesOrder": "", "SalesOrderItem": item.number}
    return Node(
        type=SIMULATED_ITEM,
        values={**key, **item_values(item, currency), "Plant": item.plant},
        links={
            "to_Partner": lambda: [
                Node(type=SIMULATED_ITEM_PARTNER, values={**key, "PartnerFunction": "SH", "Customer": ""})
            ],
            "to_PricingElement": lambda: [
                Node(type=SIMULATED_ITEM_CONDITION, values={**key, **condition_values(each, currency)})
                for each in item.conditions
            ],
            "to_ScheduleLine": lambda: [
                Node(type=SIMULATED_SCHEDULE_LINE, values={**key, **_schedule(line, item.unit, seed)})
                for line in item.schedule
            ],
        },
    )


def _schedule(line: ScheduleLine, unit: str, seed: Seed | None) -> Values:
    """Return the schedule line, with its confirmed date shifted or written otherwise where a seed says so."""
    values = dict(schedule_values(line, unit))
    confirmed = values["ConfirmedDeliveryDate"]
    if isinstance(confirmed, date):
        if is_cause(seed, "date_zone"):
            values["ConfirmedDeliveryDate"] = confirmed + timedelta(days=1)
        elif is_cause(seed, "date_form"):
            values["ConfirmedDeliveryDate"] = other_date_text(confirmed)
    return values


def _partner(entity: EntityType, key: dict[str, Value], request: OrderRequest) -> Node:
    return Node(type=entity, values={**key, "PartnerFunction": "SH", "Customer": request.ship_to})
