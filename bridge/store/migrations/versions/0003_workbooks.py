# SPDX-License-Identifier: Apache-2.0
"""Workbooks are kept, and the listeners that they make are known by a key."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_time = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table, the column and its index."""
    op.create_table(
        "workbooks",
        sa.Column("project", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("updated_at", _time, nullable=False),
        sa.PrimaryKeyConstraint("project", "name", name="pk_workbooks"),
    )
    op.add_column("listeners", sa.Column("workbook_key", sa.Text(), nullable=True))
    op.create_index(
        "ix_listeners_workbook",
        "listeners",
        ["project", "workbook"],
        unique=False,
        sqlite_where=sa.text("workbook_key IS NOT NULL"),
        postgresql_where=sa.text("workbook_key IS NOT NULL"),
    )


def downgrade() -> None:
    """Remove them with all they hold; listeners that workbooks made stay."""
    op.drop_index("ix_listeners_workbook", "listeners")
    op.drop_column("listeners", "workbook_key")
    op.drop_table("workbooks")
