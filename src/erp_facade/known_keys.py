"""Products and customers that a cross-reference table does not have are refused before any ERP is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import grpc

from erp_facade.api_error import ApiError, Violation, from_erp_error
from erp_facade.backends import Backend
from erp_ports.errors import Misconfigured
from erp_ports.names import last_segment


class LinesOfBackend(Protocol):
    """Which lines a backend is asked for."""

    @property
    def backend(self) -> str: ...

    @property
    def indices(self) -> list[int]: ...


def check_known(
    backends: Mapping[str, Backend],
    parts: Sequence[LinesOfBackend],
    customer: str,
    lines: Sequence[Any],
    path: str = "",
) -> None:
    """Raise NOT_FOUND naming every product and customer that a table does not have.

    Where the rule is not a table only the ERP can tell, and nothing is said here. Raises BACKEND_MISCONFIGURED when a
    stored route names a backend that the configuration no longer has.
    """
    unknown: list[Violation] = []
    for part in parts:
        backend = backends.get(part.backend)
        if backend is None:
            missing = Misconfigured(f"a route names the backend {part.backend}, which is not configured")
            raise from_erp_error(missing, part.backend)
        xref = backend.cross_reference
        if xref.knows("customer", customer) is False:
            text = f"the customer {customer} does not exist in {part.backend}"
            unknown.append(Violation(field=f"{path}customer", description=text, reason="UNKNOWN_CUSTOMER"))
        for index in part.indices:
            product = last_segment(lines[index].product)
            known = xref.knows("product", product)
            if known is None:
                break  # the rule is no table, so nothing can be said of any product
            if known is False:
                text = f"the product {product} does not exist in {part.backend}"
                field = f"{path}lines[{index}].product"
                unknown.append(Violation(field=field, description=text, reason="UNKNOWN_PRODUCT"))
    if unknown:
        first = unknown[0]
        raise ApiError(grpc.StatusCode.NOT_FOUND, first.reason, first.description, violations=unknown)
