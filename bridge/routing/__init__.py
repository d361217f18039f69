# SPDX-License-Identifier: Apache-2.0
"""Who listens to an event, answered from memory."""
