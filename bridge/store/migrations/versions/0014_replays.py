# SPDX-License-Identifier: Apache-2.0
"""Past events may be sent to a listener, and a new one may begin in the past."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column."""
    starting: sa.Column[bool] = sa.Column(
        "starting", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("listeners", starting)
    op.create_table(
        "replays",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("listener_id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("execution_id", sa.String(255)),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("told", sa.String(16)),
        sa.Column("is_start", sa.Boolean(), nullable=False),
        sa.Column("rate_per_second", sa.Float(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("position_at", sa.DateTime(timezone=True)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("replayed", sa.BigInteger(), nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("live_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_replays"),
    )
    op.create_index("ix_replays_listener_id", "replays", ["listener_id"])
    goes_on = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_replays_open",
        "replays",
        ["id"],
        sqlite_where=goes_on,
        postgresql_where=goes_on,
    )


def downgrade() -> None:
    """Remove them: no listener begins in the past any more."""
    op.drop_table("replays")
    op.drop_column("listeners", "starting")
