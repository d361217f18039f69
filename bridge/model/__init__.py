# SPDX-License-Identifier: Apache-2.0
"""The bridge's words as values: listener, delivery, attempt, outcome, question."""

from bridge.model.auth import (
    Auth,
    BasicAuth,
    BearerAuth,
    CertificateAuth,
    HeaderAuth,
)
from bridge.model.delivery import (
    Attempt,
    Call,
    Delivery,
    DeliveryId,
    Envelope,
    EventKey,
    Outcome,
    OutcomeKind,
    State,
    delivery_id,
)
from bridge.model.listener import (
    CallbackSpec,
    Listener,
    ListenerDraft,
    ListenerId,
    Mode,
    OnTimeout,
    RetryPolicy,
)
from bridge.model.question import Question

__all__ = [
    "Attempt",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "Call",
    "CallbackSpec",
    "CertificateAuth",
    "Delivery",
    "DeliveryId",
    "Envelope",
    "EventKey",
    "HeaderAuth",
    "Listener",
    "ListenerDraft",
    "ListenerId",
    "Mode",
    "OnTimeout",
    "Outcome",
    "OutcomeKind",
    "Question",
    "RetryPolicy",
    "State",
    "delivery_id",
]
