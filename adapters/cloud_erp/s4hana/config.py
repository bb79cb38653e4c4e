"""Configuration of one S/4HANA system. Units, customers, products and plants come from the cross-reference."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

RETRY_HORIZON_HOURS = 24
"""How long the facade may repeat an order: a shorter memory of request ids proves nothing."""

_LONGEST_NUMBER = 25
_PURCHASE_ORDER_FIELD = 35
SUFFIX_SEPARATOR = "~"

Code = Annotated[str, StringConstraints(pattern=r"^[!-~]*$", max_length=10)]
Fulfilment = Literal["NOT_STARTED", "PARTIAL", "COMPLETE", "NOT_APPLICABLE"]
Billing = Literal["NOT_BILLED", "PARTIAL", "BILLED", "NOT_APPLICABLE"]
Payment = Literal["OPEN", "PARTIAL", "PAID"]
Credit = Literal["APPROVED", "ON_HOLD", "NOT_CHECKED"]
Component = Literal["BASE", "ADJUSTMENT", "SURCHARGE", "DISCOUNT", "FREIGHT", "TAX"]
Meaning = Literal[
    "VALIDATION",
    "CREDIT",
    "STOCK",
    "PRICE_MISSING",
    "PRODUCT_UNKNOWN",
    "CUSTOMER_UNKNOWN",
    "PLANT_UNKNOWN",
    "UNIT_UNKNOWN",
    "ORDER_UNKNOWN",
    "INVOICE_UNKNOWN",
    "LOCKED",
    "OUTCOME_UNKNOWN",
    "MISCONFIGURED",
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class User(_Strict):
    """A communication user with basic authentication."""

    user: str = Field(min_length=1)
    password: SecretStr


class Users(_Strict):
    """The user that books, and the one of the dual run, which must not be able to."""

    live: User
    shadow: User

    @model_validator(mode="after")
    def _two_users(self) -> Self:
        if self.live.user == self.shadow.user:
            raise ValueError("live and shadow must be different users: the shadow user must not be able to write")
        return self


class SalesArea(_Strict):
    """S/4HANA's keys of one business unit, and the type of the orders booked for it."""

    sales_organisation: str = Field(min_length=1, max_length=4)
    distribution_channel: str = Field(min_length=1, max_length=2)
    division: str = Field(min_length=1, max_length=2)
    order_type: str = Field(min_length=1, max_length=4)


class Reference(_Strict):
    """Where our reference stands in the sales order.

    `AssignmentReference` (18 characters) is written beside the customer's number. Where a customer needs that field
    for themselves, `PurchaseOrderByCustomer` takes the reference as a suffix: `{customer's number}~{reference}`.
    """

    field: Literal["AssignmentReference", "PurchaseOrderByCustomer"] = "AssignmentReference"
    length: int = Field(default=18, ge=8, le=18)

    @property
    def is_suffix(self) -> bool:
        return self.field == "PurchaseOrderByCustomer"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        room = _PURCHASE_ORDER_FIELD - _LONGEST_NUMBER - len(SUFFIX_SEPARATOR)
        if self.is_suffix and self.length > room:
            raise ValueError(f"as a suffix of PurchaseOrderByCustomer the reference has room for {room} characters")
        return self


class Repeatability(_Strict):
    """SAP Gateway's repeatable requests (`RequestID`): whether the system has them on, and how long it remembers."""

    enabled: bool = False
    retention_hours: int = Field(default=0, ge=0)

    @property
    def proves_uniqueness(self) -> bool:
        return self.enabled and self.retention_hours > RETRY_HORIZON_HOURS


class Conditions(_Strict):
    """Condition types and classes of the pricing procedure."""

    base_price_types: tuple[Code, ...] = ("PPR0", "PR00")
    manual_price_type: Code = "PMP0"
    discount_type: Code = "DRG1"
    freight_types: frozenset[Code] = frozenset({"KF00", "YBHD"})
    classes: dict[Code, Component] = {"A": "ADJUSTMENT", "B": "BASE", "D": "TAX"}


class Statuses(_Strict):
    """What status codes mean. A code that is not here becomes UNKNOWN, with an alert in the log."""

    fulfilment: dict[Code, Fulfilment] = {
        "": "NOT_APPLICABLE",
        "A": "NOT_STARTED",
        "B": "PARTIAL",
        "C": "COMPLETE",
    }
    billing: dict[Code, Billing] = {"": "NOT_APPLICABLE", "A": "NOT_BILLED", "B": "PARTIAL", "C": "BILLED"}
    payment: dict[Code, Payment] = {"A": "OPEN", "B": "PARTIAL", "C": "PAID"}
    credit: dict[Code, Credit] = {
        "": "NOT_CHECKED",
        "A": "APPROVED",
        "B": "ON_HOLD",
        "C": "ON_HOLD",
        "D": "APPROVED",
    }
    rejected: Code = "C"


class Timeouts(_Strict):
    """The most seconds that one call may take; the caller's deadline may be shorter."""

    connect: float = Field(default=5.0, gt=0)
    read: float = Field(default=10.0, gt=0)
    simulate: float = Field(default=30.0, gt=0)
    write: float = Field(default=60.0, gt=0)


class Services(_Strict):
    """Paths of the OData services below `base_url`. Without `open_items` invoices have no open amount."""

    simulation: str = "/sap/opu/odata/sap/API_SALES_ORDER_SIMULATION_SRV"
    availability: str = "/sap/opu/odata/sap/API_PRODUCT_AVAILY_INFO_BASIC"
    sales_order: str = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"
    product: str = "/sap/opu/odata/sap/API_PRODUCT_SRV"
    billing_document: str = "/sap/opu/odata/sap/API_BILLING_DOCUMENT_SRV"
    open_items: str | None = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV"


class S4Config(_Strict):
    """One S/4HANA system.

    `base_units` are UN/ECE units that are the base unit of every product sold in them; the factors of all other units
    are asked for. `messages` adds to (and overrides) what message codes such as `V1/302` mean. `time_zones` maps
    SAP's zone codes to IANA names for plants that the facade names no zone for. `execution_limit_seconds` is the time
    after which the system ends a work process, whatever it does.
    """

    base_url: str
    users: Users
    business_units: dict[str, SalesArea] = Field(min_length=1)
    reference: Reference = Reference()
    repeatability: Repeatability = Repeatability()
    consistent_lookup: bool = False
    execution_limit_seconds: float | None = Field(default=None, gt=0)
    conditions: Conditions = Conditions()
    atp_checking_rule: str = Field(default="A", min_length=1, max_length=2)
    rejection_reason: str = Field(min_length=1, max_length=2)
    statuses: Statuses = Statuses()
    messages: dict[str, Meaning] = {}
    time_zones: dict[str, str] = {"UTC": "UTC", "GMTUK": "Europe/London", "CET": "Europe/Berlin"}
    timeouts: Timeouts = Timeouts()
    base_units: frozenset[str] = frozenset()
    services: Services = Services()
    max_connections: int = Field(default=32, ge=1, le=1000)
    parallel_reads: int = Field(default=8, ge=1, le=100)
    sap_client: str | None = Field(default=None, pattern=r"^[0-9]{3}$")

    @field_validator("base_url")
    @classmethod
    def _is_a_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise ValueError("base_url must be http(s)://host[:port][/path] without credentials or a query")
        return value.rstrip("/")
