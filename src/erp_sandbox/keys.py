"""The keys under which each stand-in ERP knows customers, products, plants and units; the same on every run.

The two ERPs disagree on purpose: numbers against padded text, blanks against zeros. Only the cross-reference of the
facade's configuration brings them together.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from erp_sandbox.master_data import MasterData

LEGACY_COMPANY = "00100"
LEGACY_ORDER_TYPE = "SO"
LEGACY_UNITS = {"EA": "EA", "DZN": "DZ"}

CLOUD_SALES_ORGANIZATION = "1010"
CLOUD_DISTRIBUTION_CHANNEL = "10"
CLOUD_DIVISION = "00"
CLOUD_ORDER_TYPE = "OR"
CLOUD_UNITS = {"EA": "EA", "DZN": "DZ"}
CLOUD_ISO_UNITS = {"EA": "EA", "DZN": "DZN"}


def legacy_customers(master: MasterData) -> dict[str, int]:
    """Return the address number (AN8) of each customer: 4201, 4202 and so on in the order of the file."""
    return {customer.customer: 4200 + index for index, customer in enumerate(master.customers, start=1)}


def legacy_items(master: MasterData) -> dict[str, int]:
    """Return the short item number (ITM) of each product: 60001, 60002 and so on in the order of the file."""
    return {product.product: 60000 + index for index, product in enumerate(master.products, start=1)}


def legacy_item_number(product: str) -> str:
    """Return the second item number (LITM), not yet padded with blanks: `11` is `00000011`, `AB-1` stays."""
    return product.zfill(8) if product.isdecimal() else product


def legacy_branch(plant: str) -> str:
    """Return the business unit (MCU): twelve characters, right-aligned."""
    return plant.rjust(12)


def cloud_customers(master: MasterData) -> dict[str, str]:
    """Return the ten-digit business partner of each customer."""
    return {customer.customer: f"{10_100_000 + index:010d}" for index, customer in enumerate(master.customers, start=1)}


def cloud_material(product: str) -> str:
    """Return the material number as stored: 18 digits when the product is a number, else as it is."""
    return product.zfill(18) if product.isdecimal() else product


def cloud_material_shown(stored: str) -> str:
    """Return the material number as the services show it: without leading zeros when it is a number."""
    return (stored.lstrip("0") or "0") if stored.isdecimal() else stored


def write_cross_references(master: MasterData, directory: Path) -> tuple[Path, Path]:
    """Write `customers_legacy.csv` and `customers_cloud.csv` (columns `key,erp_key`); return both paths."""
    legacy = {customer: str(key) for customer, key in legacy_customers(master).items()}
    paths = directory / "customers_legacy.csv", directory / "customers_cloud.csv"
    for path, table in zip(paths, (legacy, cloud_customers(master)), strict=True):
        _write(path, table)
    return paths


def products_need_tables(master: MasterData) -> bool:
    """Return whether a product's number begins with a zero, which no rule of filling with zeros gives back."""
    return any(p.product.isdecimal() and p.product != str(int(p.product)) for p in master.products)


def write_product_tables(master: MasterData, directory: Path) -> tuple[Path, Path]:
    """Write `products_legacy.csv` and `products_cloud.csv` (columns `key,erp_key`); return both paths."""
    paths = directory / "products_legacy.csv", directory / "products_cloud.csv"
    products = [p.product for p in master.products]
    _write(paths[0], {product: legacy_item_number(product) for product in products})
    _write(paths[1], {product: cloud_material_shown(cloud_material(product)) for product in products})
    return paths


def _write(path: Path, table: Mapping[str, str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("key", "erp_key"))
        writer.writerows(table.items())
