# SPDX-License-Identifier: Apache-2.0
"""Listeners may be described."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("listeners", sa.Column("description", sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove it with all it holds."""
    op.drop_column("listeners", "description")
