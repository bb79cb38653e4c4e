"""Observations of the dual run in the store, and the service that shows them."""

from erp_facade.comparisons.service import ComparisonService
from erp_facade.comparisons.sink import StoreSink

__all__ = ["ComparisonService", "StoreSink"]
