# SPDX-License-Identifier: Apache-2.0
"""Listeners may have filters."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("listeners", sa.Column("filters", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Remove it with all it holds."""
    op.drop_column("listeners", "filters")
