"""SAP S/4HANA through its OData V2 services."""

from cloud_erp.s4hana.adapter import plugin

__all__ = ["plugin"]
