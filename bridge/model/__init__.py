# SPDX-License-Identifier: Apache-2.0
"""The bridge's words as values: listener, delivery, attempt, outcome, question."""

from bridge.model.access import (
    EVERYBODY,
    Access,
    Role,
    Token,
    TokenId,
    digest_of,
    new_token_text,
)
from bridge.model.auth import (
    Auth,
    BasicAuth,
    BearerAuth,
    CertificateAuth,
    HeaderAuth,
)
from bridge.model.batch import Batching
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
    Format,
    Listener,
    ListenerDraft,
    ListenerId,
    Mode,
    OnTimeout,
    RetryPolicy,
)
from bridge.model.quarantined import Quarantined, QuarantinedId
from bridge.model.question import Question

__all__ = [
    "EVERYBODY",
    "Access",
    "Attempt",
    "Auth",
    "BasicAuth",
    "Batching",
    "BearerAuth",
    "Call",
    "CallbackSpec",
    "CertificateAuth",
    "Delivery",
    "DeliveryId",
    "Envelope",
    "EventKey",
    "Format",
    "HeaderAuth",
    "Listener",
    "ListenerDraft",
    "ListenerId",
    "Mode",
    "OnTimeout",
    "Outcome",
    "OutcomeKind",
    "Quarantined",
    "QuarantinedId",
    "Question",
    "RetryPolicy",
    "Role",
    "State",
    "Token",
    "TokenId",
    "delivery_id",
    "digest_of",
    "new_token_text",
]
