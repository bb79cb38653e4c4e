"""What the process is started with: the master data in the ERP's own keys, the settings, the users, the seeds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from erp_sandbox import keys, master_data
from erp_sandbox.cloud.odata.values import without_zeros
from erp_sandbox.master_data import RECEIPT_DAYS, MasterData
from erp_sandbox.seeds import Seed


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A communication user; only the live one may write."""

    name: str
    password: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceFrom:
    """A base price per one base unit, valid from this day."""

    valid_from: dt.date
    amount: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """A product in the ERP's keys: `number` without leading zeros, `product` as the master data name it."""

    number: str
    product: str
    text: str
    last_sale_date: dt.date | None
    prices: tuple[PriceFrom, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlantStock:
    """The initial stock of a material in a plant, in base units."""

    material: str
    plant: str
    on_hand: Decimal
    on_order: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Partner:
    """A customer: `number` without leading zeros, as the services show it."""

    number: str
    customer: str
    name: str
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PercentFor:
    """A standing adjustment of a customer and material; -5 is five per cent off."""

    customer: str
    material: str
    percent: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the stand-in behaves; all times in seconds.

    `repeatability` is `on` (RequestID is honoured for `repeatability_seconds`) or `off` (answered `unsupported`).
    `ship_and_invoice_after` is None when nothing is shipped at all.
    """

    page_size: int = 100
    csrf_seconds: float = 1800.0
    tax_percent: Decimal = Decimal(0)
    repeatability: Literal["on", "off"] = "on"
    repeatability_seconds: float = 12 * 3600.0
    ship_and_invoice_after: float | None = None
    payment_days: int = 30


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Everything that the process needs to know, sent to it as one line of JSON."""

    directory: str
    port: int
    control_token: str
    live: User
    shadow: User
    frozen_today: dt.date | None
    receipt_date: dt.date
    currency: str
    zones: dict[str, str]
    materials: tuple[Material, ...]
    stock: tuple[PlantStock, ...]
    partners: tuple[Partner, ...]
    adjustments: tuple[PercentFor, ...]
    settings: Settings
    seeds: tuple[Seed, ...]

    @property
    def today(self) -> dt.date:
        """The ERP's date: where its clock stands still, else the present one in UTC."""
        return self.frozen_today or dt.datetime.now(dt.UTC).date()

    def today_in(self, plant: str) -> dt.date:
        """The date in the plant's time zone, from which its lead time runs."""
        return self.frozen_today or dt.datetime.now(ZoneInfo(self.zones[plant])).date()

    @cached_property
    def material_by_number(self) -> dict[str, Material]:
        return {material.number: material for material in self.materials}

    @cached_property
    def number_of_product(self) -> dict[str, str]:
        return {material.product: material.number for material in self.materials}

    @cached_property
    def partner_by_number(self) -> dict[str, Partner]:
        return {partner.number: partner for partner in self.partners}

    @cached_property
    def stock_by_place(self) -> dict[tuple[str, str], PlantStock]:
        return {(stock.material, stock.plant): stock for stock in self.stock}

    @cached_property
    def percent_by_pair(self) -> dict[tuple[str, str], Decimal]:
        return {(each.customer, each.material): each.percent for each in self.adjustments}


SETUP = TypeAdapter(Setup)


def setup_from(
    master: MasterData,
    *,
    directory: str,
    port: int,
    control_token: str,
    live: User,
    shadow: User,
    today: dt.date | None,
    settings: Settings,
    seeds: tuple[Seed, ...],
) -> Setup:
    """Translate the master data into the ERP's keys."""
    customers = {customer: without_zeros(key) for customer, key in keys.cloud_customers(master).items()}
    numbers = {each.product: without_zeros(keys.cloud_material(each.product)) for each in master.products}
    return Setup(
        directory=directory,
        port=port,
        control_token=control_token,
        live=live,
        shadow=shadow,
        frozen_today=today,
        receipt_date=(today or master.today) + dt.timedelta(days=RECEIPT_DAYS),
        currency=master.currency,
        zones=dict(master.plants),
        materials=tuple(_material(each, numbers, master) for each in master.products),
        stock=tuple(
            PlantStock(material=numbers[product], plant=plant, on_hand=stock.on_hand, on_order=stock.on_order)
            for (product, plant), stock in master.stock.items()
        ),
        partners=tuple(
            Partner(
                number=customers[each.customer],
                customer=each.customer,
                name=each.name,
                city=each.city,
                postal_code=each.postal_code,
                country=each.country,
            )
            for each in master.customers
        ),
        adjustments=tuple(
            PercentFor(customer=customers[each.customer], material=numbers[each.product], percent=each.percent)
            for each in master.adjustments
        ),
        settings=settings,
        seeds=seeds,
    )


def _material(product: master_data.Product, numbers: dict[str, str], master: MasterData) -> Material:
    return Material(
        number=numbers[product.product],
        product=product.product,
        text=product.name[:40],
        last_sale_date=product.last_sale_date,
        prices=tuple(
            PriceFrom(valid_from=price.valid_from, amount=price.amount)
            for price in master.prices.get(product.product, ())
        ),
    )
