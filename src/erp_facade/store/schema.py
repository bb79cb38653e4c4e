"""All tables of the store. The migrations build exactly these; a test compares the two.

Instants are text (`times.py`), states are the names of `Order.SubmissionState`, JSON is text, money never stands in a
column of its own. `lease_until` is the only exception among the times: microseconds of the holder's monotonic clock,
meaningful to the process named by `lease_owner` alone.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

UNSETTLED = text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER')")
"""Orders that later orders of the same customer wait for. Literal, so that a query can use the partial index."""
OPEN = text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')")
"""Submissions that the dispatcher has to do something about."""

metadata = MetaData(naming_convention=NAMING)

# ---------------------------------------------------------------------------------------------------------- routing

route_state = Table(
    "route_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="always 1"),
    Column("version", BigInteger, nullable=False, comment="the one global route version"),
)

routes = Table(
    "routes",
    metadata,
    Column("business_unit", Text, primary_key=True),
    Column("plant", Text, primary_key=True),
    Column("product_line", Text, primary_key=True),
    Column("capability", Text, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("legacy_backend", Text, nullable=False),
    Column("cloud_backend", Text, nullable=False),
    Column("canary_percent", Integer, nullable=False),
    Column("shadow_percent", Integer, nullable=False),
    Column("intake", Text, nullable=False),
    Column("stock_sync", Text, nullable=False),
    Column("changed_version", BigInteger, nullable=False),
)

route_changes = Table(
    "route_changes",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("time", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("differences", Text, nullable=False, comment="JSON"),
)

# ----------------------------------------------------------------------------------------------------------- orders

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True, comment="ULID"),
    Column("client", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("business_unit", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("fingerprint_version", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False, comment="erp.v1.Order as accepted, every default filled in"),
    Column("customer", Text, nullable=False, comment="the customer's id without its business unit"),
    Column("purchase_order_number", Text, nullable=False),
    Column("plants", Text, nullable=False, comment="the plants of the lines, each between bars: |EU01|EU02|"),
    Column("line_hash", Text, nullable=False, comment="customer, purchase order number and lines: possible duplicates"),
    Column("state", Text, nullable=False),
    Column("hold", Text, nullable=False, server_default=""),
    Column("possible_duplicate_of", Text, comment="an earlier order with the same content under another key"),
    Column("next_at", Text, comment="when the next claim is planned, for people to read"),
    Column("sequence", Integer, nullable=False, comment="events so far"),
    Column("next_part", Integer, nullable=False, comment="number of the next part; never used twice"),
    Column("create_time", Text, nullable=False),
    Column("update_time", Text, nullable=False),
    Column("submitter", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("first_sent_time", Text),
    UniqueConstraint("client", "method", "business_unit", "request_id"),
    Index(None, "business_unit", "create_time", "id"),
    Index(None, "line_hash", "create_time"),
    Index(
        "ix_orders_unsettled",
        "business_unit",
        "customer",
        "id",
        sqlite_where=UNSETTLED,
        postgresql_where=UNSETTLED,
    ),
)

order_parts = Table(
    "order_parts",
    metadata,
    Column("part_id", Text, primary_key=True, comment="{order id}.{number}"),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("line_ids", Text, nullable=False, comment="JSON"),
    Column("target", Text, nullable=False),
    Column("route_version", BigInteger, nullable=False),
    Column("reference", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("dirty", Boolean, nullable=False, comment="an attempt ended, or may have ended, with unknown outcome"),
    Column("lease_owner", Text),
    Column("lease_until", BigInteger),
    Column("first_attempt_time", Text),
    Column("attempt_time", Text, comment="start of the present attempt"),
    Column("next_at", Text),
    Column("lookups", Integer, nullable=False),
    Column("document_number", Text),
    Column("refusal_reason", Text),
    Column("refusal_message", Text),
    Column("evidence", LargeBinary, comment="JSON: what a person needs to decide on a part in REVIEW"),
    Column("booked_order", LargeBinary, comment="erp.v1.Order as the ERP last showed it"),
    Column("as_of", Text, comment="when the ERP last showed it"),
    Column("create_time", Text, nullable=False),
    Column("update_time", Text, nullable=False),
    UniqueConstraint("target", "reference"),
    Index(None, "order_id", "number"),
    Index(
        "ix_order_parts_open",
        "state",
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    ),
)

order_changes = Table(
    "order_changes",
    metadata,
    Column("id", Text, primary_key=True, comment="ULID"),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    Column("client", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("business_unit", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("fingerprint_version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False, comment="the request as accepted"),
    Column("reason", Text, nullable=False),
    Column("part_id", Text, comment="absent when no ERP is asked"),
    Column("target", Text),
    Column("reference", Text),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("dirty", Boolean, nullable=False),
    Column("lease_owner", Text),
    Column("lease_until", BigInteger),
    Column("next_at", Text),
    Column("refusal_reason", Text),
    Column("refusal_message", Text),
    Column("submitter", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("first_sent_time", Text),
    Column("create_time", Text, nullable=False),
    Column("update_time", Text, nullable=False),
    UniqueConstraint("client", "method", "business_unit", "request_id"),
    UniqueConstraint("target", "reference"),
    Index(None, "order_id", "id"),
    Index(
        "ix_order_changes_open",
        "state",
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("part_id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("started", Text, nullable=False),
    Column("ended", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

reference_numbers = Table(
    "reference_numbers",
    metadata,
    Column("backend", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

# ------------------------------------------------------------------------------------------------- events and audit

outbox = Table(
    "outbox",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, comment="{order id}-{sequence}: what consumers recognise repetitions by"),
    Column("order_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", Text, nullable=False, comment="JSON in the shape of a CloudEvent"),
    Column("published_at", Text),
    Column("tries", Integer, nullable=False, server_default="0"),
    UniqueConstraint("order_id", "sequence"),
    Index(
        "ix_outbox_unpublished",
        "position",
        sqlite_where=text("published_at IS NULL"),
        postgresql_where=text("published_at IS NULL"),
    ),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("time", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", Text, comment="JSON"),
    Column("after", Text, comment="JSON"),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "subject", "sequence"),
)

# --------------------------------------------------------------------------------------------------------- dual run

observations = Table(
    "observations",
    metadata,
    Column("id", Text, primary_key=True, comment="ULID"),
    Column("observe_time", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("business_unit", Text, nullable=False),
    Column("plants", Text, nullable=False),
    Column("capability", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("control", Text, nullable=False),
    Column("candidate", Text, nullable=False),
    Column("comparison_class", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("route_version", Integer, nullable=False),
    Column("rule_set", Text, nullable=False),
    Column("control_us", Integer, nullable=False),
    Column("candidate_us", Integer, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("control_answer", LargeBinary),
    Column("candidate_answer", LargeBinary),
    Column("control_error", Text),
    Column("candidate_error", Text),
    Column("differences", Text, nullable=False, comment="JSON"),
    Index(None, "business_unit", "capability", "observe_time"),
    Index(None, "correlation_id"),
)

coverage = Table(
    "coverage",
    metadata,
    Column("business_unit", Text, primary_key=True),
    Column("plants", Text, primary_key=True),
    Column("capability", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)
