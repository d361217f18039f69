# SPDX-License-Identifier: Apache-2.0
"""What alembic runs: the steps, on the connection that `bridge.store.schema` gives."""

from alembic import context

from bridge.store.tables import metadata

told = context.config.attributes.get("told", lambda _: None)
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the transaction is the caller's
    on_version_apply=lambda *, step, **_: told(step.up_revision_id),
)
context.run_migrations()
