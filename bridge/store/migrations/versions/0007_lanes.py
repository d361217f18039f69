# SPDX-License-Identifier: Apache-2.0
"""How endpoints are that are not well."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "lanes",
        sa.Column("listener_id", sa.String(64), nullable=False),
        sa.Column("breaker", sa.String(16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("in_flight_limit", sa.Integer(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("listener_id", name="pk_lanes"),
    )


def downgrade() -> None:
    """Remove it: every endpoint is taken for well."""
    op.drop_table("lanes")
