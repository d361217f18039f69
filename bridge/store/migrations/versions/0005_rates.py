# SPDX-License-Identifier: Apache-2.0
"""Listeners may have a rate."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("listeners", sa.Column("rate_per_second", sa.Float(), nullable=True))


def downgrade() -> None:
    """Remove it with all it holds."""
    op.drop_column("listeners", "rate_per_second")
