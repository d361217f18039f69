# SPDX-License-Identifier: Apache-2.0
"""A listener as JSON, as it is taken: checked for its shape, turned into a draft."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, model_validator

from bridge import model
from bridge.callbacks.request import MAX_TIMEOUT, MIN_TIMEOUT
from bridge.conditions.filters import MAX_FILTERS
from bridge.errors import Invalid
from bridge.model.batch import LEAST_WAIT, MOST_WAIT, Batching
from bridge.model.batch import MAX_EVENTS as MAX_BATCH
from bridge.model.drafts import (
    MAX_DELAY,
    MAX_DELAYS,
    MAX_EVENTS,
    MAX_IN_FLIGHT,
    MAX_RATE,
)
from bridge.model.listener import (
    DEFAULT_DELAYS,
    DEFAULT_MAX_IN_FLIGHT,
    DEFAULT_TIMEOUT,
    RetryPolicy,
)
from bridge.model.signing import Signing
from bridge.shape import short_forms
from bridge.shape.credentials import Auth, auth_from
from bridge.shape.merging import leads_elsewhere, unmask_headers
from bridge.shape.shown import listener_json
from bridge.shape.strict import Strict
from notifier.event import DEFAULT_PROJECT

_READ_ONLY: Final = (
    "id",
    "disabled_reason",
    "allowed_rate_per_second",
    "workbook_key",
    "public_key",
    "former_secret_until",
    "revision",
    "created_at",
    "updated_at",
)

_MILLISECOND: Final = timedelta(milliseconds=1)
_USUAL: Final = Batching()

_MaybeText = str | None
_Seconds = Annotated[float, Field(gt=0, le=MAX_DELAY.total_seconds())]


class Batch(Strict):
    """How many events are told together, and how long one waits for others."""

    max_events: int = Field(_USUAL.max_events, ge=1, le=MAX_BATCH)
    max_wait_ms: int = Field(
        int(_USUAL.max_wait / _MILLISECOND),
        ge=int(LEAST_WAIT / _MILLISECOND),
        le=int(MOST_WAIT / _MILLISECOND),
        description="So long at most does an event wait for others.",
    )

    def batching(self) -> Batching:
        """Return it as a value."""
        return Batching(self.max_events, self.max_wait_ms * _MILLISECOND)


class Callback(Strict):
    """How a listener is told: a webhook, or an AMQP exchange."""

    type: str = Field("http", examples=["http", "amqp"])
    url: _MaybeText = Field(None, examples=["https://example.org/hook"])
    method: str = Field("POST", examples=["POST", "PUT", "PATCH"])
    headers: dict[str, str] = Field({}, examples=[{"X-Team": "ops"}])
    exchange: _MaybeText = None
    routing_key: _MaybeText = None
    auth: Auth | None = None
    format: Literal["standard", "cloudevents", "cloudevents-batch"] = Field(
        "standard",
        description="standard: CloudEvents' binary mode; cloudevents: structured; "
        "cloudevents-batch: several in one array.",
    )
    mode: Literal["cast", "call"] = Field(
        "cast", description="With call, an engine may wait for the answer."
    )
    on_timeout: Literal["accept", "refuse"] | None = Field(
        None, description="Of a call: what silence counts as. Default: accept."
    )
    timeout_seconds: float = Field(
        DEFAULT_TIMEOUT.total_seconds(),
        ge=MIN_TIMEOUT.total_seconds(),
        le=MAX_TIMEOUT.total_seconds(),
    )
    batch: Batch | None = Field(
        None, description="With format cloudevents-batch. Default: 100 events, 50 ms."
    )

    def spec(self, known: model.CallbackSpec | None) -> model.CallbackSpec:
        """Return it as a value; what is masked is taken from the known one.

        Raises:
            Invalid: Names the field.
        """
        is_elsewhere = known is not None and leads_elsewhere(self.url, known)
        if known is None:
            known = model.CallbackSpec(self.type)
        return model.CallbackSpec(
            type=self.type,
            url=self.url,
            method=self.method,
            headers=unmask_headers(
                self.headers, known.headers, is_elsewhere=is_elsewhere
            ),
            auth=auth_from(self.auth, known.auth, is_elsewhere=is_elsewhere),
            exchange=self.exchange,
            routing_key=self.routing_key,
            format=model.Format(self.format),
            timeout=timedelta(seconds=self.timeout_seconds),
            mode=model.Mode(self.mode),
            on_timeout=self._on_timeout(),
            batch=self._batching(),
        )

    def _batching(self) -> Batching | None:
        if self.batch is not None:
            return self.batch.batching()
        return Batching() if self.format == "cloudevents-batch" else None

    def _on_timeout(self) -> model.OnTimeout | None:
        is_open = self.mode == "call" and self.on_timeout is None
        return "accept" if is_open else self.on_timeout


class Retry(Strict):
    """When a delivery is tried again; after the last delay it is dead."""

    delays_seconds: list[_Seconds] = Field(
        default=[delay.total_seconds() for delay in DEFAULT_DELAYS],
        max_length=MAX_DELAYS,
    )
    jitter: float = Field(default=RetryPolicy().jitter, ge=0, le=1)


class NewListener(Strict):
    """Who wants to hear which events, and how to tell them."""

    project: _MaybeText = Field(None, description=f"Default: {DEFAULT_PROJECT}.")
    name: _MaybeText = Field(None, description="Unique within its project.")
    description: _MaybeText = Field(None, description="For people.")
    workbook: _MaybeText = Field(None, description="May hold *.")
    workflow: _MaybeText = Field(None, description="May hold *.")
    execution_id: _MaybeText = Field(
        None, description="Hears its tasks and its sub-workflows too."
    )
    task: _MaybeText = Field(None, description="Id, or name, which may hold *.")
    events: list[str] = Field(
        examples=[["on-task-error", "EXECUTION"]], min_length=1, max_length=MAX_EVENTS
    )
    when: _MaybeText = Field(None, description="YAQL over the event's data.")
    filters: list[dict[str, Any]] = Field(
        [],
        max_length=MAX_FILTERS,
        description="All let the event pass, by its CloudEvents attributes.",
        examples=[[{"prefix": {"subject": "executions/"}}, {"sql": "EXISTS workbook"}]],
    )
    callback: Callback
    ordered: bool = Field(
        default=False,
        description="Each execution's events are told one after the other.",
    )
    max_in_flight: int = Field(DEFAULT_MAX_IN_FLIGHT, ge=1, le=MAX_IN_FLIGHT)
    rate_per_second: float | None = Field(
        None,
        gt=0,
        le=MAX_RATE,
        description="Attempts that begin in a second at most. Default: any number.",
    )
    retry: Retry = Retry()
    enabled: bool = True
    signing: Literal["v1", "v1a", "both"] = Field(
        "v1", description="v1: by HMAC with the secret; v1a: by Ed25519."
    )
    secret: _MaybeText = Field(
        None, description="Signs what is sent. Made if it is not given; shown once."
    )

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, given: object) -> object:
        return short_forms.expand(given) if isinstance(given, Mapping) else given

    def draft(self, current: model.Listener | None = None) -> model.ListenerDraft:
        """Return it as a value, to be checked by the registrar.

        Args:
            current: The listener that it changes; what is masked is taken from there.

        Raises:
            Invalid: Names the field.
        """
        project = DEFAULT_PROJECT if current is None else current.project
        retry = self.retry
        return model.ListenerDraft(
            project=project if self.project is None else self.project,
            name=self.name,
            description=self.description,
            workbook=self.workbook,
            workflow=self.workflow,
            execution_id=self.execution_id,
            task=self.task,
            events=tuple(self.events),
            when=self.when,
            filters=tuple(self.filters),
            ordered=self.ordered,
            callback=self.callback.spec(current.callback if current else None),
            max_in_flight=self.max_in_flight,
            rate_per_second=self.rate_per_second,
            retry=RetryPolicy(
                tuple(timedelta(seconds=s) for s in retry.delays_seconds), retry.jitter
            ),
            enabled=self.enabled,
            signing=Signing(self.signing),
            secret=self.secret,
        )


class Breaker(BaseModel):
    """How a listener's endpoint is dealt with."""

    state: Literal["closed", "open", "half-open"] = "closed"
    since: _MaybeText = None
    reason: _MaybeText = Field(None, description="Why it is not closed.")
    limit: int | None = Field(None, description="Calls at a time, as it bears them.")
    failing_since: _MaybeText = Field(
        None, description="From then on every attempt has failed."
    )


class Listener(NewListener):
    """A listener as it is shown, and as it may be sent back changed."""

    id: str = ""
    disabled_reason: _MaybeText = None
    allowed_rate_per_second: float | None = Field(
        None, description="What its receiver said it takes; the smaller rate counts."
    )
    breaker: Breaker | None = Field(
        None, description="Set by the bridge; what is sent back is not looked at."
    )
    starting: bool = Field(
        default=False,
        description="It is told of the past first; what is sent back is not looked at.",
    )
    workbook_key: _MaybeText = Field(
        None, description="What its workbook knows it by; null: made by hand."
    )
    public_key: _MaybeText = Field(None, description="Verifies v1a: whpk_…")
    former_secret_until: _MaybeText = Field(
        None, description="Until then former secrets sign along."
    )
    revision: int = 1
    created_at: str = ""
    updated_at: str = ""

    def check_unchanged(self, current: model.Listener) -> None:
        """Refuse changes of what the bridge alone sets.

        Raises:
            Invalid: Names the field.
        """
        kept = listener_json(current)
        for name in _READ_ONLY:
            if name in self.model_fields_set and getattr(self, name) != kept[name]:
                raise Invalid(name, "cannot be changed")
