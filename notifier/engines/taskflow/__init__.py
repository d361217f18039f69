# SPDX-License-Identifier: Apache-2.0
"""TaskFlow: what a flow does, and tasks that ask before they start."""

from notifier.engines.taskflow.gate import TaskFlowGate, gated
from notifier.engines.taskflow.listener import TaskFlowListener

__all__ = ["TaskFlowGate", "TaskFlowListener", "gated"]
