# SPDX-License-Identifier: Apache-2.0
"""Messages that a bridge handles with care, since bridges died while they had them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "suspects",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("crashes", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_suspects"),
    )


def downgrade() -> None:
    """Remove it: a message that kills bridges is no longer found out."""
    op.drop_table("suspects")
