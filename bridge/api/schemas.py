# SPDX-License-Identifier: Apache-2.0
"""What the API's answers hold, beside listeners themselves."""

from typing import Final

from pydantic import BaseModel, Field

from bridge.shape.listener import Listener

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
"""Of what one page holds."""


class ListenerPage(BaseModel):
    """Some listeners; `next` is the ``after`` of the page behind."""

    listeners: list[Listener]
    next: str | None


class Outcome(BaseModel):
    """What came of one attempt."""

    outcome: str = Field(examples=["succeeded", "refused", "timed_out"])
    status: int | None = Field(description="HTTP status, where there was an answer.")
    duration_ms: float
    error: str | None
    answer: str = Field(description="The first 4 KiB.")
