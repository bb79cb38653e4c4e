"""What the adapter can do with one configured system, and what is proven about its writes."""

from __future__ import annotations

from cloud_erp.s4hana.config import S4Config
from erp_ports.operations import Declaration, Operation, ReferenceKind, ReferenceShape, Support, WriteFacts


def declaration(config: S4Config) -> Declaration:
    """Every operation is there; U, L and T are claimed only as far as the configuration vouches for them."""
    return Declaration(
        operations=dict.fromkeys(Operation, Support.SUPPORTED),
        write_facts=WriteFacts(
            reference=ReferenceShape(
                kind=ReferenceKind.TEXT, length=config.reference.length, field=config.reference.field
            ),
            unique_reference=_unique(config),
            consistent_lookup=_consistent(config),
            bounded_execution=_bounded(config),
            bound_seconds=config.execution_limit_seconds,
        ),
    )


def _unique(config: S4Config) -> str:
    if not config.repeatability.proves_uniqueness:
        return ""
    return (
        "SAP Gateway repeats no request with the same RequestID (made of the reference) "
        f"for {config.repeatability.retention_hours} hours"
    )


def _consistent(config: S4Config) -> str:
    if not config.consistent_lookup:
        return ""
    return f"a filter on {config.reference.field} reads the database that orders are committed to, before they answer"


def _bounded(config: S4Config) -> str:
    if config.execution_limit_seconds is None:
        return ""
    return f"the system ends a work process after {config.execution_limit_seconds:g} s (rdisp/max_wprun_time)"
