# SPDX-License-Identifier: Apache-2.0
"""Tokens in SQL: made, found, revoked; blocking.

What is revoked is deleted: whoever looks it up next, in whichever bridge, finds nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from bridge.errors import NotFound
from bridge.model import Role, Token, TokenId
from bridge.store.database import Database
from bridge.store.tables import tokens


class TokenStore:
    """The tokens of one database.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, token: Token) -> None:
        """Keep a new token; those of its project that have expired go."""
        row = {
            "id": token.id,
            "digest": token.digest,
            "project": token.project,
            "role": token.role.value,
            "name": token.name,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        expired = tokens.c.expires_at < token.created_at
        of_its_project = tokens.c.project.is_not_distinct_from(token.project)
        with self._database.write() as connection:
            connection.execute(delete(tokens).where(expired & of_its_project))
            connection.execute(insert(tokens).values(row))

    def of_digest(self, digest: str) -> Token | None:
        """Return the token with this digest, expired or not; None: there is none."""
        query = select(tokens).where(tokens.c.digest == digest)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _token(row)

    def get(self, project: str | None, token_id: TokenId) -> Token:
        """Return one; of any project where `project` is None.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        query = select(tokens).where(_is(project, token_id))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("token", token_id)
        return _token(row)

    def find(
        self, *, limit: int, after: TokenId | None = None, project: str | None = None
    ) -> Sequence[Token]:
        """Return up to `limit` tokens, the oldest first.

        Args:
            limit: At least 1.
            after: The last id of the page before.
            project: None: of any, and of none.
        """
        query = select(tokens).order_by(tokens.c.id).limit(limit)
        if after is not None:
            query = query.where(tokens.c.id > after)
        if project is not None:
            query = query.where(tokens.c.project == project)
        with self._database.read() as connection:
            return [_token(row) for row in connection.execute(query)]

    def count(self, project: str | None, now: datetime) -> int:
        """Return how many tokens of a project are live; of None: for every project."""
        mine = tokens.c.project.is_not_distinct_from(project)
        live = tokens.c.expires_at.is_(None) | (tokens.c.expires_at > now)
        query = select(func.count()).select_from(tokens).where(mine & live)
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def revoke(self, project: str | None, token_id: TokenId) -> None:
        """Let a token open nothing any more; of any project where that is None.

        Raises:
            NotFound: There is none, or it is another project's.
        """
        with self._database.write() as connection:
            done = connection.execute(delete(tokens).where(_is(project, token_id)))
            if done.rowcount == 0:
                raise NotFound("token", token_id)


def _is(project: str | None, token_id: TokenId) -> Any:  # noqa: ANN401 - an SQL expression
    mine = tokens.c.id == token_id
    return mine if project is None else mine & (tokens.c.project == project)


def _token(row: Row[Any]) -> Token:
    return Token(
        id=TokenId(row.id),
        digest=row.digest,
        project=row.project,
        role=Role(row.role),
        name=row.name,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
