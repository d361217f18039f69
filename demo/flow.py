# SPDX-License-Identifier: Apache-2.0
"""The workflow that is run: an order whose payment is declined, and is undone."""

from taskflow import engines, task
from taskflow.patterns import linear_flow

from notifier.engines.taskflow import TaskFlowListener
from notifier.notifier import Notifier

WORKBOOK = "orders"


class Reserve(task.Task):
    """Takes goods from the shelf, and puts them back."""

    default_provides = "goods"

    def execute(self) -> str:
        """Take them."""
        return "a red bicycle"

    def revert(self, **_: object) -> None:
        """Put them back."""


class Charge(task.Task):
    """Fails: the card is declined."""

    def execute(self) -> None:
        """Try to be paid."""
        raise RuntimeError("card declined")


class Ship(task.Task):
    """Never comes to its turn."""

    def execute(self, goods: str) -> str:
        """Send the goods."""
        return f"{goods}, on its way"


def run(notifier: Notifier) -> None:
    """Run the workflow to its bitter end, telling the notifier of each step."""
    flow = linear_flow.Flow("fulfil")
    flow.add(Reserve("reserve"), Charge("charge"), Ship("ship"))
    engine = engines.load(flow)
    with TaskFlowListener(engine, notifier, workbook=WORKBOOK):
        try:
            engine.run()
        except RuntimeError:
            return  # as it should be: the flow was reverted
