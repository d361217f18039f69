# SPDX-License-Identifier: Apache-2.0
"""Receivers may say how many webhooks a second they take."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("listeners", sa.Column("allowed_rate", sa.Float(), nullable=True))


def downgrade() -> None:
    """Remove it with all it holds."""
    op.drop_column("listeners", "allowed_rate")
