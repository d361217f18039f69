# SPDX-License-Identifier: Apache-2.0
"""What is dead is found among millions that are not."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NAME = "ix_deliveries_dead"
_DEAD = sa.text("state = 'dead'")


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        _NAME,
        "deliveries",
        ["created_at", "id"],
        sqlite_where=_DEAD,
        postgresql_where=_DEAD,
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_index(_NAME, "deliveries")
