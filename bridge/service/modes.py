# SPDX-License-Identifier: Apache-2.0
"""Which parts of a bridge run in this process: its API, its worker, or both."""

from dataclasses import dataclass
from typing import Final

from bridge.errors import SettingsError
from bridge.settings import Settings


@dataclass(frozen=True, slots=True)
class Modes:
    """What runs here.

    Attributes:
        api: All of the API; without it, health and metrics alone are answered.
        worker: Taking events in and delivering them; without it, others do.
    """

    api: bool = True
    worker: bool = True

    def check(self, settings: Settings) -> None:
        """Refuse parts whose other half could not be anywhere.

        Raises:
            SettingsError: Says what is needed.
        """
        if not (self.api or self.worker):
            raise SettingsError("without API and worker nothing is left to run")
        if self.api and self.worker:
            return
        if settings.bus.url is None:
            raise SettingsError(
                "API and worker can be apart on RabbitMQ only: without AMQP_URL events "
                "pass within one process"
            )
        if settings.database.url.startswith("sqlite"):
            raise SettingsError(
                "API and worker can be apart on PostgreSQL only: one process alone may "
                "use a SQLite file; set DATABASE_URL"
            )


WHOLE: Final = Modes()
