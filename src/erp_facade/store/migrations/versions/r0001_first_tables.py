"""The first tables: routes, orders, events, audit, observations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("part_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part_id", "attempt", name=op.f("pk_attempts")),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True, comment="JSON"),
        sa.Column("after", sa.Text(), nullable=True, comment="JSON"),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_subject_sequence"), "audit", ["subject", "sequence"], unique=False)
    op.create_table(
        "coverage",
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("plants", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("business_unit", "plants", "capability", "kind", name=op.f("pk_coverage")),
    )
    op.create_table(
        "observations",
        sa.Column("id", sa.Text(), nullable=False, comment="ULID"),
        sa.Column("observe_time", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("plants", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("candidate", sa.Text(), nullable=False),
        sa.Column("comparison_class", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("route_version", sa.Integer(), nullable=False),
        sa.Column("rule_set", sa.Text(), nullable=False),
        sa.Column("control_us", sa.Integer(), nullable=False),
        sa.Column("candidate_us", sa.Integer(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("control_answer", sa.LargeBinary(), nullable=True),
        sa.Column("candidate_answer", sa.LargeBinary(), nullable=True),
        sa.Column("control_error", sa.Text(), nullable=True),
        sa.Column("candidate_error", sa.Text(), nullable=True),
        sa.Column("differences", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
    )
    op.create_index(
        op.f("ix_observations_business_unit_capability_observe_time"),
        "observations",
        ["business_unit", "capability", "observe_time"],
        unique=False,
    )
    op.create_index(op.f("ix_observations_correlation_id"), "observations", ["correlation_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Text(), nullable=False, comment="ULID"),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("fingerprint_version", sa.Integer(), nullable=False),
        sa.Column(
            "payload", sa.LargeBinary(), nullable=False, comment="erp.v1.Order as accepted, every default filled in"
        ),
        sa.Column("customer", sa.Text(), nullable=False, comment="the customer's id without its business unit"),
        sa.Column("purchase_order_number", sa.Text(), nullable=False),
        sa.Column(
            "plants", sa.Text(), nullable=False, comment="the plants of the lines, each between bars: |EU01|EU02|"
        ),
        sa.Column(
            "line_hash",
            sa.Text(),
            nullable=False,
            comment="customer, purchase order number and lines: possible duplicates",
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hold", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "possible_duplicate_of",
            sa.Text(),
            nullable=True,
            comment="an earlier order with the same content under another key",
        ),
        sa.Column("next_at", sa.Text(), nullable=True, comment="when the next claim is planned, for people to read"),
        sa.Column("sequence", sa.Integer(), nullable=False, comment="events so far"),
        sa.Column("next_part", sa.Integer(), nullable=False, comment="number of the next part; never used twice"),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.Column("submitter", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("first_sent_time", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint(
            "client",
            "method",
            "business_unit",
            "request_id",
            name=op.f("uq_orders_client_method_business_unit_request_id"),
        ),
    )
    op.create_index(
        op.f("ix_orders_business_unit_create_time_id"), "orders", ["business_unit", "create_time", "id"], unique=False
    )
    op.create_index(op.f("ix_orders_line_hash_create_time"), "orders", ["line_hash", "create_time"], unique=False)
    op.create_index(
        "ix_orders_unsettled",
        "orders",
        ["business_unit", "customer", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER')"),
        postgresql_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER')"),
    )
    op.create_table(
        "outbox",
        sa.Column("position", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column(
            "id", sa.Text(), nullable=False, comment="{order id}-{sequence}: what consumers recognise repetitions by"
        ),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False, comment="JSON in the shape of a CloudEvent"),
        sa.Column("published_at", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
        sa.UniqueConstraint("order_id", "sequence", name=op.f("uq_outbox_order_id_sequence")),
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["position"],
        unique=False,
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "reference_numbers",
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("backend", name=op.f("pk_reference_numbers")),
    )
    op.create_table(
        "route_changes",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("differences", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_route_changes")),
    )
    op.create_table(
        "route_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="always 1"),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="the one global route version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route_state")),
    )
    op.create_table(
        "routes",
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("plant", sa.Text(), nullable=False),
        sa.Column("product_line", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("legacy_backend", sa.Text(), nullable=False),
        sa.Column("cloud_backend", sa.Text(), nullable=False),
        sa.Column("canary_percent", sa.Integer(), nullable=False),
        sa.Column("shadow_percent", sa.Integer(), nullable=False),
        sa.Column("intake", sa.Text(), nullable=False),
        sa.Column("stock_sync", sa.Text(), nullable=False),
        sa.Column("changed_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("business_unit", "plant", "product_line", "capability", name=op.f("pk_routes")),
    )
    op.create_table(
        "order_changes",
        sa.Column("id", sa.Text(), nullable=False, comment="ULID"),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("business_unit", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("fingerprint_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False, comment="the request as accepted"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("part_id", sa.Text(), nullable=True, comment="absent when no ERP is asked"),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.Text(), nullable=True),
        sa.Column("refusal_reason", sa.Text(), nullable=True),
        sa.Column("refusal_message", sa.Text(), nullable=True),
        sa.Column("submitter", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("first_sent_time", sa.Text(), nullable=True),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_changes_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_changes")),
        sa.UniqueConstraint(
            "client",
            "method",
            "business_unit",
            "request_id",
            name=op.f("uq_order_changes_client_method_business_unit_request_id"),
        ),
        sa.UniqueConstraint("target", "reference", name=op.f("uq_order_changes_target_reference")),
    )
    op.create_index(
        "ix_order_changes_open",
        "order_changes",
        ["state"],
        unique=False,
        sqlite_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')"),
        postgresql_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')"),
    )
    op.create_index(op.f("ix_order_changes_order_id_id"), "order_changes", ["order_id", "id"], unique=False)
    op.create_table(
        "order_parts",
        sa.Column("part_id", sa.Text(), nullable=False, comment="{order id}.{number}"),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line_ids", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("route_version", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "dirty", sa.Boolean(), nullable=False, comment="an attempt ended, or may have ended, with unknown outcome"
        ),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("first_attempt_time", sa.Text(), nullable=True),
        sa.Column("attempt_time", sa.Text(), nullable=True, comment="start of the present attempt"),
        sa.Column("next_at", sa.Text(), nullable=True),
        sa.Column("lookups", sa.Integer(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("refusal_reason", sa.Text(), nullable=True),
        sa.Column("refusal_message", sa.Text(), nullable=True),
        sa.Column(
            "evidence",
            sa.LargeBinary(),
            nullable=True,
            comment="JSON: what a person needs to decide on a part in REVIEW",
        ),
        sa.Column("booked_order", sa.LargeBinary(), nullable=True, comment="erp.v1.Order as the ERP last showed it"),
        sa.Column("as_of", sa.Text(), nullable=True, comment="when the ERP last showed it"),
        sa.Column("create_time", sa.Text(), nullable=False),
        sa.Column("update_time", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_parts_order_id_orders")),
        sa.PrimaryKeyConstraint("part_id", name=op.f("pk_order_parts")),
        sa.UniqueConstraint("target", "reference", name=op.f("uq_order_parts_target_reference")),
    )
    op.create_index(
        "ix_order_parts_open",
        "order_parts",
        ["state"],
        unique=False,
        sqlite_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')"),
        postgresql_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')"),
    )
    op.create_index(op.f("ix_order_parts_order_id_number"), "order_parts", ["order_id", "number"], unique=False)
    op.bulk_insert(sa.table("route_state", sa.column("id"), sa.column("version")), [{"id": 1, "version": 0}])


def downgrade() -> None:
    op.drop_index(op.f("ix_order_parts_order_id_number"), table_name="order_parts")
    op.drop_index(
        "ix_order_parts_open",
        table_name="order_parts",
        sqlite_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')"),
        postgresql_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')"),
    )
    op.drop_table("order_parts")
    op.drop_index(op.f("ix_order_changes_order_id_id"), table_name="order_changes")
    op.drop_index(
        "ix_order_changes_open",
        table_name="order_changes",
        sqlite_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')"),
        postgresql_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER', 'IN_DOUBT')"),
    )
    op.drop_table("order_changes")
    op.drop_table("routes")
    op.drop_table("route_state")
    op.drop_table("route_changes")
    op.drop_table("reference_numbers")
    op.drop_index(
        "ix_outbox_unpublished",
        table_name="outbox",
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_index(
        "ix_orders_unsettled",
        table_name="orders",
        sqlite_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER')"),
        postgresql_where=sa.text("state IN ('ACCEPTED', 'DISPATCHING', 'HANDED_OVER')"),
    )
    op.drop_index(op.f("ix_orders_line_hash_create_time"), table_name="orders")
    op.drop_index(op.f("ix_orders_business_unit_create_time_id"), table_name="orders")
    op.drop_table("orders")
    op.drop_index(op.f("ix_observations_correlation_id"), table_name="observations")
    op.drop_index(op.f("ix_observations_business_unit_capability_observe_time"), table_name="observations")
    op.drop_table("observations")
    op.drop_table("coverage")
    op.drop_index(op.f("ix_audit_subject_sequence"), table_name="audit")
    op.drop_table("audit")
    op.drop_table("attempts")
