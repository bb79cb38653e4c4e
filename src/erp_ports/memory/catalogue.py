"""Finds the in-memory ERP's own keys and records behind the names of a request."""

from __future__ import annotations

from erp_ports.errors import NotFound, RefusalReason, Rejected
from erp_ports.memory.config import InMemoryConfig, ProductConfig
from erp_ports.names import last_segment
from erp_ports.xref import CrossReference

StockKey = tuple[str, str]


class Catalogue:
    """Master data behind a cross-reference. Names that were found once are remembered: there are only so many."""

    def __init__(self, config: InMemoryConfig, xref: CrossReference) -> None:
        self._config = config
        self._xref = xref
        self._numbers: dict[str, str] = {}

    def product_number(self, name: str) -> str:
        """Return the ERP's number of the product; raise NotFound(kind="product")."""
        number = self._numbers.get(name)
        if number is None:
            product = last_segment(name)
            number = self._xref.to_erp("product", product)
            if number not in self._config.products:
                raise NotFound(f"there is no product {product}", kind="product", key=product)
            self._numbers[name] = number
        return number

    def product(self, name: str) -> ProductConfig:
        return self._config.products[self.product_number(name)]

    def stock_key(self, product_name: str, plant: str) -> StockKey:
        return self.product_number(product_name), self._xref.to_erp("plant", plant)

    def require_customer(self, name: str) -> str:
        """Return the ERP's number of the customer; raise NotFound(kind="customer")."""
        customer = last_segment(name)
        number = self._xref.to_erp("customer", customer)
        if number not in self._config.customers:
            raise NotFound(f"there is no customer {customer}", kind="customer", key=customer)
        return number

    def require_sellable(self, customer_name: str, product_names: list[str]) -> None:
        """Raise Rejected when the customer is on credit hold or a product is blocked, NotFound when unknown."""
        number = self.require_customer(customer_name)
        products = {name: self.product(name) for name in product_names}
        if self._config.customers[number].credit_hold:
            customer = last_segment(customer_name)
            raise Rejected(f"customer {customer} is on credit hold", reason=RefusalReason.CREDIT)
        blocked = [last_segment(name) for name, product in products.items() if product.blocked]
        if blocked:
            raise Rejected(f"these products may not be sold: {', '.join(blocked)}")
