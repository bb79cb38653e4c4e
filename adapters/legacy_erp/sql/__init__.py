"""JD Edwards EnterpriseOne and World, read and written through SQL."""

from legacy_erp.sql.adapter import plugin

__all__ = ["plugin"]
