# SPDX-License-Identifier: Apache-2.0
"""Callbacks in workbooks, asked for over the bridge's REST API."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from bridge.client.link import Json, Link, if_match
from bridge.client.paging import pages


class Workbooks:
    """What workbooks say of callbacks, whole or piece by piece."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def apply(
        self,
        workbook: Json | str,
        *,
        variables: Mapping[str, str] | None = None,
        dry_run: bool = False,
        revision: int | None = None,
        **wanted: str | None,
    ) -> Json:
        """Let a workbook's callbacks be as it says, and return what that changed.

        Args:
            workbook: As YAML, or as an object.
            variables: Name to what fills ``{$.name}``.
            dry_run: Only tell what it would do.
            revision: Refuse (412) if it has another by now; None: whatever it is.
            **wanted: ``project``; ``name``, of a workbook that says none.
        """
        filled = {} if variables is None else dict(variables)
        return self._link.json(
            "POST",
            "/v1/workbooks",
            json={"workbook": workbook, "vars": filled},
            params={**wanted, "dry_run": dry_run},
            headers=if_match(revision),
        )

    def find(
        self, *, limit: int | None = None, project: str | None = None
    ) -> Iterator[Json]:
        """Yield workbooks by project and name, of any project where it is None."""
        return pages(self._link, "workbooks", {"project": project}, limit)

    def get(self, name: str, *, project: str | None = None) -> Json:
        """Return what is in force of a workbook."""
        params = {"project": project}
        return self._link.json("GET", _workbook(name), params=params)

    def show(self, name: str, *, project: str | None = None) -> str:
        """Return what is in force of a workbook as YAML."""
        headers, params = {"Accept": "application/yaml"}, {"project": project}
        answer = self._link.send("GET", _workbook(name), params=params, headers=headers)
        return answer.content.decode()

    def remove(
        self, name: str, *, project: str | None = None, revision: int | None = None
    ) -> None:
        """Remove a workbook's callbacks; what waits for them ends as cancelled."""
        headers, params = if_match(revision), {"project": project}
        self._link.send("DELETE", _workbook(name), params=params, headers=headers)

    def put_piece(self, name: str, place: str, piece: object, **asked: str) -> Json:
        """Put a piece of a workbook in place, and return what that changed.

        Args:
            name: The workbook's.
            place: ``services/Logger``, ``services/Logger/actions/success``,
                ``tasks/charge/on-exit`` or ``workflow/on-enter``, percent-encoded.
            piece: As it is written in a workbook.
            **asked: ``project``, ``workflow``, ``dry_run``.
        """
        path = f"{_workbook(name)}/{place}"
        return self._link.json("PUT", path, json=piece, params=asked)

    def remove_piece(self, name: str, place: str, **asked: str) -> Json:
        """Take a piece of a workbook away; see `put_piece`."""
        return self._link.json("DELETE", f"{_workbook(name)}/{place}", params=asked)


def _workbook(name: str) -> str:
    return f"/v1/workbooks/{quote(name, safe='')}"
