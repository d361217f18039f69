# SPDX-License-Identifier: Apache-2.0
"""It is known of which listeners that were turned off no event tells yet."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_UNTOLD = sa.text("untold")


def upgrade() -> None:
    """Add the column: of all that were turned off before, events told."""
    untold: sa.Column[bool] = sa.Column(
        "untold", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("listeners", untold)
    op.create_index(
        "ix_listeners_untold",
        "listeners",
        ["id"],
        sqlite_where=_UNTOLD,
        postgresql_where=_UNTOLD,
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_listeners_untold", "listeners")
    op.drop_column("listeners", "untold")
