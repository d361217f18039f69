# SPDX-License-Identifier: Apache-2.0
"""Listeners may be told of each execution's events in order."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WAITS = sa.text("state = 'pending' AND position IS NOT NULL")


def upgrade() -> None:
    """Add the columns, and the counter of positions."""
    ordered: sa.Column[bool] = sa.Column(
        "ordered", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("listeners", ordered)
    op.add_column("deliveries", sa.Column("position", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_deliveries_position",
        "deliveries",
        ["listener_id", "execution_id", "position"],
        sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    )
    counters = sa.table("counters", sa.column("name"), sa.column("number"))
    op.bulk_insert(counters, [{"name": "positions", "number": 0}])


def downgrade() -> None:
    """Remove them: nothing waits for anything before it any more."""
    op.execute("DELETE FROM counters WHERE name = 'positions'")
    op.execute(
        "UPDATE deliveries SET due_at = updated_at "
        "WHERE state = 'pending' AND due_at IS NULL"
    )
    op.drop_index("ix_deliveries_position", "deliveries")
    op.drop_column("deliveries", "position")
    op.drop_column("listeners", "ordered")
