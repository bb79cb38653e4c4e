"""Every check of the suite, by subject."""

from erp_ports.conformance.check import checks_of
from erp_ports.conformance.checks import (
    availability,
    cancellation,
    creation,
    declaration,
    failures,
    invoices,
    prices,
    reading,
    simulation,
    uniqueness,
)

CHECKS = tuple(
    found
    for module in (
        declaration,
        prices,
        availability,
        simulation,
        creation,
        uniqueness,
        reading,
        cancellation,
        invoices,
        failures,
    )
    for found in checks_of(module)
)
