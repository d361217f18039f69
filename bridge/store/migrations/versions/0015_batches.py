# SPDX-License-Identifier: Apache-2.0
"""Events may be told to a listener together."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column."""
    op.add_column("deliveries", sa.Column("batch_id", sa.String(64), nullable=True))
    together = sa.text("batch_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_batch_id",
        "deliveries",
        ["batch_id"],
        sqlite_where=together,
        postgresql_where=together,
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("listener_id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_due", "batches", ["listener_id", "due_at"])


def downgrade() -> None:
    """Remove them: what waits is told event by event."""
    op.drop_table("batches")
    op.drop_index("ix_deliveries_batch_id", "deliveries")
    op.drop_column("deliveries", "batch_id")
