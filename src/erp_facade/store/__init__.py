"""The facade's own store: one writer with group commit, snapshot readers, migrations, events and audit."""

from erp_facade.store.engine import Store
from erp_facade.store.errors import StoreLocked, StoreUnavailable

__all__ = ["Store", "StoreLocked", "StoreUnavailable"]
