# SPDX-License-Identifier: Apache-2.0
"""Where an operator's tokens are made: the database that the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bridge.issuer import Issuer
from bridge.model import TokenId
from bridge.settings import load
from bridge.shape.shown import token_json
from bridge.store import schema
from bridge.store.clock import Clock
from bridge.store.database import Database
from bridge.store.tokens import TokenStore

_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Office:
    """Makes, finds and revokes the tokens of one database."""

    issuer: Issuer
    store: TokenStore

    def find(self, project: str | None) -> Iterator[dict[str, Any]]:
        """Yield tokens as JSON, the oldest first; of None: all."""
        after: TokenId | None = None
        while page := self.store.find(limit=_PAGE, after=after, project=project):
            yield from map(token_json, page)
            after = page[-1].id


@contextmanager
def office(config_file: Path | None) -> Iterator[Office]:
    """Open the database, which is made or migrated where `serve` would do so.

    Raises:
        SettingsError: A setting is wrong.
        StoreError: The database did not answer, or its schema is not this code's.
    """
    settings = load(config_file)
    with Database(settings.database.url) as database:
        if settings.database.migrate:
            schema.migrate(database)
        else:
            schema.require_current(database)
        clock = Clock(database)
        clock.synchronise()
        store = TokenStore(database)
        yield Office(Issuer(store, clock.now), store)
