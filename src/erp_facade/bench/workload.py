"""What every benchmark asks: ten lines of one plant, out of the project's own master data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from erp.v1.pricing_pb2 import CalculatePricesRequest
from erp_ports.amounts import from_date
from erp_ports.names import business_unit_name, customer_name, product_name
from erp_sandbox import master_data
from erp_sandbox.master_data import MasterData

LINES = 10
UNITS = ("EA", "DZN")


@dataclass(frozen=True)
class Workload:
    """The master data that all servers are filled from, and the one request that all of them answer."""

    master: MasterData

    @classmethod
    def of_today(cls) -> Workload:
        return cls(master_data.load(Path(master_data.__file__).parent / "data", today=dt.datetime.now(dt.UTC).date()))

    @cached_property
    def plant(self) -> str:
        """The plant that sells the most products."""
        plants = [plant for _, plant in self.master.stock]
        return max(sorted(set(plants)), key=plants.count)

    @cached_property
    def customer(self) -> str:
        return self.master.customers[0].customer

    def request(self, plant: str = "") -> CalculatePricesRequest:
        """Return the request for prices of ten lines; every other line has a discount, every third is in dozens."""
        master, unit = self.master, self.master.business_unit
        request = CalculatePricesRequest(
            parent=business_unit_name(unit),
            customer=customer_name(unit, self.customer),
            currency_code=master.currency,
            pricing_date=from_date(master.today),
        )
        for index, product in enumerate(self._products()[:LINES]):
            line = request.lines.add(
                line_id=f"{index + 1}", product=product_name(unit, product), plant=plant or self.plant
            )
            line.quantity.value.value = str(5 + 7 * index)
            line.quantity.unit = UNITS[index % 3 == 2]
            if index % 2:
                line.agreed_discount.value = "0.05"
        return request

    @property
    def rest_path(self) -> str:
        return f"/v1/{business_unit_name(self.master.business_unit)}:calculatePrices"

    def rest_body(self) -> dict[str, Any]:
        """Return the same request as the JSON that is posted to `rest_path`."""
        content = MessageToDict(self.request())
        del content["parent"]
        return content

    def memory_settings(self) -> dict[str, Any]:
        """Return the master data as settings of the in-memory ERP."""
        return {
            "currency": self.master.currency,
            "products": {
                p.product: {"description": p.name, "price": str(p.list_price), "units": {"DZN": "12"}}
                for p in self.master.products
            },
            "customers": {c.customer: {"name": c.name} for c in self.master.customers},
        }

    def _products(self) -> list[str]:
        sold = {p.product for p in self.master.products if not p.discontinued}
        return sorted(product for product, plant in self.master.stock if plant == self.plant and product in sold)
