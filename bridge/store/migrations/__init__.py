# SPDX-License-Identifier: Apache-2.0
"""Steps from one schema to the next, in alembic's form."""
