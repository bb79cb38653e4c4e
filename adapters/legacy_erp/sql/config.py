"""What is configured for one JD Edwards installation; names of its tables, numbers and codes are site settings."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    StringConstraints,
    field_validator,
)

from erp_ports.errors import RefusalReason

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Places = Annotated[int, Field(ge=0, le=9)]
Progress = Literal["NOT_STARTED", "COMPLETE", "NOT_APPLICABLE"]
Billing = Literal["NOT_BILLED", "BILLED", "NOT_APPLICABLE"]


class Section(BaseModel):
    """A part of the configuration: read once, never changed, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class CompanySettings(Section):
    """The JDE keys of one business unit of ours."""

    company: str = Field(min_length=1, max_length=5)
    currency: Currency
    order_type: str = Field(default="SO", min_length=1, max_length=2)
    invoice_type: str = Field(default="RI", min_length=1, max_length=2)
    edi_company: str = Field(default="", max_length=5, description="EKCO; the company when empty")
    edi_document_type: str = Field(default="SO", min_length=1, max_length=2)

    @property
    def interface_company(self) -> str:
        """The company that inbound interface documents are written under."""
        return self.edi_company or self.company


class TableSettings(Section):
    """Where one table stands and how its columns begin, when that differs from the standard."""

    name: str = ""
    prefix: str = ""
    database_schema: str | None = Field(default=None, alias="schema")


class Decimals(Section):
    """Implied decimals of the installation's data dictionary (F9210), by kind of number.

    `columns` names exceptions by data item, for example `{"PQOH": 2}`.
    """

    quantity: Places = 0
    unit_price: Places = 4
    factor_value: Places = 4
    conversion: Places = 7
    line_number: Places = 3
    discount_percent: Places = 4
    columns: dict[str, Places] = {}


class StatusRule(Section):
    """What a line's last and next status mean; `*` matches any. The first rule that matches decides."""

    last: str = "*"
    next: str = "*"
    fulfilment: Progress
    billing: Billing
    cancelled: bool = False

    def matches(self, last: str, following: str) -> bool:
        """Say whether the rule is about these codes."""
        return self.last in ("*", last) and self.next in ("*", following)


class PricingUnit(Section):
    """A unit that only prices are stated in: `{unit: EA, per: 100}` is the hundred."""

    unit: str = Field(min_length=1, max_length=2)
    per: Decimal = Field(gt=0)


class RefusalRule(Section):
    """What a message of the booking job means; `kind` says what was not found."""

    reason: RefusalReason | Literal["NOT_FOUND"]
    kind: Literal["customer", "product", "order"] = "product"


class DictionarySettings(Section):
    """Where the data dictionary stands, so that `check` can compare the decimals configured with it."""

    database_schema: str = Field(default="", alias="schema")
    table: str = "F9210"
    item_column: str = "FRDTAI"
    decimals_column: str = "FRCDEC"


_DEMO_STATUSES = (
    StatusRule(last="980", next="999", fulfilment="NOT_APPLICABLE", billing="NOT_APPLICABLE", cancelled=True),
    StatusRule(last="520", next="540", fulfilment="NOT_STARTED", billing="NOT_BILLED"),
    StatusRule(last="540", next="560", fulfilment="NOT_STARTED", billing="NOT_BILLED"),
    StatusRule(last="560", next="580", fulfilment="COMPLETE", billing="NOT_BILLED"),
    StatusRule(last="580", next="600", fulfilment="COMPLETE", billing="NOT_BILLED"),
    StatusRule(last="600", next="620", fulfilment="COMPLETE", billing="BILLED"),
    StatusRule(last="620", next="999", fulfilment="COMPLETE", billing="BILLED"),
)
_JOB_MESSAGES = {
    "CUSTUNK": RefusalRule(reason="NOT_FOUND", kind="customer"),
    "ITEMUNK": RefusalRule(reason="NOT_FOUND", kind="product"),
    "ORDUNK": RefusalRule(reason="NOT_FOUND", kind="order"),
    "ITEMOBS": RefusalRule(reason=RefusalReason.VALIDATION),
    "CUSTHOLD": RefusalRule(reason=RefusalReason.CREDIT),
    "NOPRICE": RefusalRule(reason=RefusalReason.PRICE_MISSING),
    "NOSTOCK": RefusalRule(reason=RefusalReason.STOCK),
    "SHIPPED": RefusalRule(reason=RefusalReason.VALIDATION),
}


class SqlConfig(Section):
    """One JD Edwards installation behind a SQLAlchemy URL, for example `mssql+pyodbc://…`.

    `url` signs in with the user that may insert into the interface tables, `shadow_url` with one that may only read.
    The defaults of statuses, messages and payment codes are those of the demo company, not universal: compare them
    with the order activity rules (F40203) and user-defined codes of the site.
    """

    url: SecretStr
    shadow_url: SecretStr
    profile: Literal["jde"] = "jde"
    database_schema: str = Field(default="", alias="schema", description="business data, for example PRODDTA")
    tables: dict[str, TableSettings] = {}
    insert_constants: dict[str, dict[str, str | int]] = {}
    business_units: dict[str, CompanySettings] = Field(min_length=1)

    decimals: Decimals = Decimals()
    dictionary: DictionarySettings | None = None
    adjustment: str = Field(default="", max_length=8, description="adjustment name in F4072; empty for none")
    pricing_units: dict[str, PricingUnit] = {}
    obsolete_stocking_types: frozenset[str] = frozenset({"O"})
    unchecked_stocking_types: frozenset[str] = frozenset({"N"})
    receipt_status_limit: str = "400"
    statuses: tuple[StatusRule, ...] = _DEMO_STATUSES
    payment_codes: dict[str, Literal["OPEN", "PAID"]] = {"A": "OPEN", "H": "OPEN", "P": "PAID"}

    edi_transaction_set: str = Field(default="850", max_length=6)
    edi_cancel_transaction_set: str = Field(default="860", max_length=6)
    error_table: bool = False
    refusals: dict[str, RefusalRule] = _JOB_MESSAGES
    unique_reference: bool = False
    reads_primary: bool = False
    poll_interval_seconds: PositiveFloat = 0.5

    read_connections: PositiveInt = 8
    lookup_connections: PositiveInt = 2
    write_connections: PositiveInt = 4
    statement_timeout_seconds: PositiveFloat = 15.0
    isolation_level: str = ""
    session_statements: tuple[str, ...] = ()
    statement_comments: bool = False

    @field_validator("isolation_level")
    @classmethod
    def _keeps_transactions(cls, value: str) -> str:
        if value.upper() == "AUTOCOMMIT":
            raise ValueError("isolation_level must not be AUTOCOMMIT: an order's header and lines are written together")
        return value
