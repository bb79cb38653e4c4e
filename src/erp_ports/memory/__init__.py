"""An ERP in memory: for tests, for trying a facade without an ERP, and as the example of a complete adapter.

Configured as a backend:

    adapter: memory
    config:
      currency: EUR
      products: {"11": {description: Queso Cabrales, price: "21.00"}}
      customers: {ALFKI: {}}
      stock: [{product: "11", plant: HAM, on_hand: 22, lead_time_days: 14}]

Driven by a test:

    erp = InMemoryErp(InMemoryConfig(...), clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    erp.faults.lose_next_reply = True
    erp.ship_and_invoice_all()
"""

from __future__ import annotations

from pydantic import BaseModel

from erp_ports.memory.adapter import InMemoryErp
from erp_ports.memory.books import LedgerLine
from erp_ports.memory.config import InMemoryConfig
from erp_ports.memory.faults import Faults
from erp_ports.plugin import Plugin, Surroundings
from erp_ports.ports import FullAdapter

__all__ = ["Faults", "InMemoryConfig", "InMemoryErp", "LedgerLine", "plugin"]


def _build(config: BaseModel, surroundings: Surroundings) -> FullAdapter:
    assert isinstance(config, InMemoryConfig)
    return InMemoryErp(
        config,
        backend=surroundings.backend,
        credential=surroundings.credential,
        xref=surroundings.xref,
        plant_zones=surroundings.plant_zones,
        business_unit_zones=surroundings.business_unit_zones,
    )


plugin = Plugin(name="memory", config=InMemoryConfig, build=_build)
