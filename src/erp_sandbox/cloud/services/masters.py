"""API_PRODUCT_SRV and API_BUSINESS_PARTNER: the master data that callers may look at."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from erp_sandbox.cloud.odata.edm import EntityType, Navigation, Node, Schema, Value, Values, decimal, text
from erp_sandbox.cloud.ordering import BASE_UNIT, FACTORS
from erp_sandbox.cloud.seeding import CallSeeds
from erp_sandbox.cloud.services.sales_order_model import PLANT_LENGTH
from erp_sandbox.cloud.services.service import Call, Service, children
from erp_sandbox.cloud.services.views import iso_unit
from erp_sandbox.cloud.setup import Material, Partner, Setup
from erp_sandbox.seed_effects import seeded_factor
from erp_sandbox.seeds import Seed

PRODUCT = EntityType(
    name="A_ProductType",
    set_name="A_Product",
    properties=(
        text("Product", 40, key=True, alpha=True),
        text("ProductType", 4),
        text("BaseUnit", 3),
        text("BaseISOUnit", 3),
        text("CrossPlantStatus", 2),
        text("SalesStatus", 2),
    ),
    navigations=(
        Navigation(name="to_Description", target="A_ProductDescriptionType"),
        Navigation(name="to_ProductUnitsOfMeasure", target="A_ProductUnitsOfMeasureType"),
        Navigation(name="to_Plant", target="A_ProductPlantType"),
    ),
)
DESCRIPTION = EntityType(
    name="A_ProductDescriptionType",
    set_name="A_ProductDescription",
    properties=(
        text("Product", 40, key=True, alpha=True),
        text("Language", 2, key=True),
        text("ProductDescription", 40),
    ),
)
UNIT = EntityType(
    name="A_ProductUnitsOfMeasureType",
    set_name="A_ProductUnitsOfMeasure",
    properties=(
        text("Product", 40, key=True, alpha=True),
        text("AlternativeUnit", 3, key=True),
        text("AlternativeSAPUnit", 3),
        text("AlternativeISOUnit", 3),
        decimal("QuantityNumerator", 5, 0),
        decimal("QuantityDenominator", 5, 0),
        text("BaseUnit", 3),
    ),
)
PRODUCT_PLANT = EntityType(
    name="A_ProductPlantType",
    set_name="A_ProductPlant",
    properties=(text("Product", 40, key=True, alpha=True), text("Plant", PLANT_LENGTH, key=True)),
)
PRODUCT_SCHEMA = Schema(service="API_PRODUCT_SRV", types=(PRODUCT, DESCRIPTION, UNIT, PRODUCT_PLANT))
_PATHS = {
    DESCRIPTION: "to_Description",
    UNIT: "to_ProductUnitsOfMeasure",
    PRODUCT_PLANT: "to_Plant",
}

CUSTOMER = EntityType(
    name="A_CustomerType",
    set_name="A_Customer",
    properties=(text("Customer", 10, key=True, alpha=True), text("CustomerName", 80)),
)
BUSINESS_PARTNER = EntityType(
    name="A_BusinessPartnerType",
    set_name="A_BusinessPartner",
    properties=(
        text("BusinessPartner", 10, key=True, alpha=True),
        text("Customer", 10, alpha=True),
        text("BusinessPartnerFullName", 81),
        text("SearchTerm1", 20),
    ),
)
PARTNER_SCHEMA = Schema(service="API_BUSINESS_PARTNER", types=(CUSTOMER, BUSINESS_PARTNER))
_BLOCKED = "01"


class ProductService(Service):
    """Products with their units and plants."""

    schema = PRODUCT_SCHEMA

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._plants: dict[str, list[str]] = {}
        for stock in setup.stock:
            self._plants.setdefault(stock.material, []).append(stock.plant)

    def nodes(self, entity: EntityType, call: Call) -> Sequence[Node]:
        products = [self._product_node(each, call.seeds) for each in self._setup.materials]
        return products if entity is PRODUCT else children(products, _PATHS[entity])

    def node(self, entity: EntityType, key: tuple[str, ...], call: Call) -> Node | None:
        material = self._setup.material_by_number.get(key[0])
        if material is None:
            return None
        product = self._product_node(material, call.seeds)
        if entity is PRODUCT:
            return product
        return next((node for node in children([product], _PATHS[entity]) if node.key == key), None)

    def _product_node(self, material: Material, seeds: CallSeeds) -> Node:
        key: dict[str, Value] = {"Product": material.number}
        plants = self._plants.get(material.number, [])
        ended = material.last_sale_date is not None and self._setup.today > material.last_sale_date
        seed = seeds.factor_seed(plants=plants, product=material.product)
        return Node(
            type=PRODUCT,
            values={
                **key,
                "ProductType": "HAWA",
                "BaseUnit": BASE_UNIT,
                "BaseISOUnit": iso_unit(BASE_UNIT),
                "SalesStatus": _BLOCKED if ended else "",
            },
            links={
                "to_Description": lambda: [
                    Node(type=DESCRIPTION, values={**key, "Language": "EN", "ProductDescription": material.text})
                ],
                "to_ProductUnitsOfMeasure": lambda: [
                    _unit_node(key, unit, factor, seed, seeds) for unit, factor in FACTORS.items()
                ],
                "to_Plant": lambda: [Node(type=PRODUCT_PLANT, values={**key, "Plant": plant}) for plant in plants],
            },
        )


class BusinessPartnerService(Service):
    """Customers, as far as one may ask whether they exist."""

    schema = PARTNER_SCHEMA

    def __init__(self, setup: Setup) -> None:
        self._partners = setup.partners

    def nodes(self, entity: EntityType, call: Call) -> Sequence[Node]:
        return [_partner_node(each, entity) for each in self._partners]


def _unit_node(key: Values, unit: str, factor: Decimal, seed: Seed | None, seeds: CallSeeds) -> Node:
    seed = seed if unit != BASE_UNIT else None
    return Node(
        type=UNIT,
        values={
            **key,
            "AlternativeUnit": unit,
            "AlternativeSAPUnit": unit,
            "AlternativeISOUnit": iso_unit(unit),
            "QuantityNumerator": seeded_factor(seed, factor),
            "QuantityDenominator": Decimal(1),
            "BaseUnit": BASE_UNIT,
        },
        shown=partial(seeds.log, seed) if seed is not None else None,
    )


def _partner_node(partner: Partner, entity: EntityType) -> Node:
    if entity is CUSTOMER:
        return Node(type=CUSTOMER, values={"Customer": partner.number, "CustomerName": partner.name})
    return Node(
        type=BUSINESS_PARTNER,
        values={
            "BusinessPartner": partner.number,
            "Customer": partner.number,
            "BusinessPartnerFullName": partner.name,
            "SearchTerm1": partner.customer[:20],
        },
    )
