# SPDX-License-Identifier: Apache-2.0
"""The engine's side: tell the world what happened to executions and tasks."""
