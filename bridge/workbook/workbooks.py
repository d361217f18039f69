# SPDX-License-Identifier: Apache-2.0
"""The one way to apply, change and remove a workbook; blocking, for any thread.

All that one change means is checked first and kept in one transaction. What somebody
else changed meanwhile is looked at again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from bridge.callbacks.signing import new_secret
from bridge.errors import Conflict, Invalid, NotFound, OutOfDate
from bridge.model import Listener
from bridge.model.drafts import check_project
from bridge.registrar import Registrar
from bridge.store.workbooks import Changed, StoredWorkbook, WorkbookStore
from bridge.workbook.compiling import Compiled, compiled, in_workbook, signs_itself
from bridge.workbook.difference import Difference, difference
from bridge.workbook.document import Document
from bridge.workbook.exporting import written
from bridge.workbook.reading import read

Edit = Callable[[Document], Document]

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """A workbook as it is in force.

    Attributes:
        secrets: Service to what signs its calls, where it does not say so itself.
        made: Key to listener.
        stored: As the store has it.
    """

    document: Document
    secrets: Mapping[str, str] = field(repr=False)
    made: Mapping[str, Listener]
    stored: StoredWorkbook


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change did, or would do.

    Attributes:
        kept: As it is in force from now on.
        before: As it was until now.
        difference: Of its listeners.
        secrets: Service or listener's key to its new signing secret.
    """

    kept: Kept
    before: Kept
    difference: Difference
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def is_new(self) -> bool:
        """Whether there was none before."""
        return self.before.stored.revision == 0


class Workbooks:
    """Keeps workbooks, and the listeners that they make.

    Raises:
        StoreError: From every method, when the database does not do what is asked.
    """

    def __init__(self, store: WorkbookStore, registrar: Registrar) -> None:
        self._store = store
        self._registrar = registrar

    def get(self, project: str, name: str) -> Kept:
        """Return a workbook.

        Raises:
            NotFound: There is none.
        """
        kept = self._load(project, name)
        if kept.stored.revision == 0:
            raise NotFound("workbook", name)
        return kept

    def find(
        self, *, limit: int, after: tuple[str, str] = ("", ""), project: str | None
    ) -> list[StoredWorkbook]:
        """Return up to `limit` workbooks; see `WorkbookStore.find`."""
        return self._store.find(limit=limit, after=after, project=project)

    def change(
        self,
        project: str,
        name: str,
        edit: Edit,
        *,
        known: int | None = None,
        dry_run: bool = False,
    ) -> Applied:
        """Let a workbook be as it is edited; one that says the same is left as it is.

        Args:
            project: That it belongs to.
            name: The workbook's.
            edit: Is given it as it is, an empty one if there is none; may be called
                again.
            known: The revision that the caller knows; None: whatever it is.
            dry_run: Only tell what it would do.

        Raises:
            Invalid: Names the place and what would be right.
            OutOfDate: It has another revision.
            Conflict: The project has a listener of a name that it gives.
        """
        check_project(project)
        for left in reversed(range(_TRIES)):
            before = self._load(project, name)
            _check_known(before, known)
            try:
                return self._changed(before, edit(before.document), dry_run=dry_run)
            except OutOfDate as err:
                if known is not None:
                    raise
                if not left:
                    raise _busy() from err
        raise AssertionError  # the last try returns or raises

    def remove(self, project: str, name: str, *, known: int | None = None) -> Kept:
        """Remove a workbook with its listeners; what waits for them is cancelled.

        Raises:
            NotFound: There is none.
            OutOfDate: It has another revision.
        """
        kept = self.get(project, name)
        _check_known(kept, known)
        try:
            made = list(kept.made.values())
            self._store.remove(kept.stored, made, datetime.now(UTC))
        except OutOfDate as err:
            raise _busy() from err
        self._registrar.announce()
        return kept

    def _load(self, project: str, name: str) -> Kept:
        stored, made = self._store.load(project, name)
        if stored is None:
            now = datetime.now(UTC)
            stored = StoredWorkbook(project, name, _state(Document(name), {}), now, now)
        state = stored.state
        document = read(state["workbook"], {}).document.marked(state["api"])
        by_key = {str(one.workbook_key): one for one in made}
        return Kept(document, state["secrets"], by_key, stored)

    def _changed(self, before: Kept, document: Document, *, dry_run: bool) -> Applied:
        secrets = _secrets(document, before.secrets)
        project = before.stored.project
        wanted = compiled(document, project, secrets)
        known = _compiled(before)
        for path, draft in wanted.actions.items():
            if known is None or known.actions.get(path) != draft:
                _checked(path, self._registrar.new, draft)
        drafts = {} if known is None else known.drafts
        what = difference(before.made, drafts, wanted.drafts)
        followed = self._followed(what, wanted.paths)
        state = _state(document, secrets)
        stored = replace(before.stored, state=state, updated_at=datetime.now(UTC))
        if state == before.stored.state and not what and before.stored.revision:
            stored = before.stored
        elif not dry_run:
            stored, followed = self._store.save(stored, followed), followed.as_kept()
            self._registrar.announce()
        made = {
            **{k: one for k, one in before.made.items() if k not in what.removed},
            **{str(one.workbook_key): one for one in followed.changed},
            **{str(one.workbook_key): one for one in followed.added},
        }
        told = _told(secrets, before.secrets, what, followed)
        return Applied(Kept(document, secrets, made, stored), before, what, told)

    def _followed(self, what: Difference, paths: Mapping[str, str]) -> Changed:
        new, changed = self._registrar.new, self._registrar.changed
        return Changed(
            added=[
                replace(_checked(paths[key], new, one), workbook_key=key)
                for key, one in what.added.items()
            ],
            changed=[
                _checked(paths[key], changed, one.listener, one.draft)
                for key, one in what.changed.items()
            ],
            removed=list(what.removed.values()),
        )


def _checked(path: str, check: Callable[..., Listener], *args: Any) -> Listener:  # noqa: ANN401 - those of `check`
    try:
        return check(*args)
    except Invalid as err:
        raise in_workbook(path, err) from err


def _state(document: Document, secrets: Mapping[str, str]) -> dict[str, Any]:
    made_by_api = [key for key, _ in document.made_by_api()]
    whole = written(document)
    return {"workbook": whole, "api": sorted(made_by_api), "secrets": dict(secrets)}


def _secrets(document: Document, known: Mapping[str, str]) -> dict[str, str]:
    """Return service to secret: one for all calls of it, so that one verifies them."""
    return {
        name: known[name] if name in known else new_secret()
        for name, service in document.services.items()
        if not signs_itself(service)
    }


def _compiled(kept: Kept) -> Compiled | None:
    try:
        project = kept.stored.project
        return compiled(kept.document, project, kept.secrets)
    except Invalid:
        return (
            None  # an older release took it; what is in force is compared all the same
        )


def _told(
    secrets: Mapping[str, str],
    known: Mapping[str, str],
    what: Difference,
    followed: Changed,
) -> dict[str, str]:
    """Return the secrets that were made now; nobody is told them later."""
    told = {f"services/{n}": one for n, one in secrets.items() if n not in known}
    for key, listener in zip(what.added, followed.added, strict=True):
        if what.added[key].secret is None:
            told[key] = listener.secret
    return told


def _check_known(kept: Kept, known: int | None) -> None:
    revision = kept.stored.revision
    if known is not None and known != revision:
        raise OutOfDate(f"the workbook is at revision {revision} now")


def _busy() -> Conflict:
    return Conflict("somebody else changed it just now; try again")
