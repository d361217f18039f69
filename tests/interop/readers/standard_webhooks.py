# SPDX-License-Identifier: Apache-2.0
"""Verifies webhooks with Standard Webhooks' own library for Python."""

import base64
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def verify(one):
    """Return the payload; None: it is not proven."""
    try:
        body = base64.b64decode(one["body"])
        return Webhook(one["secret"]).verify(body, one["headers"])
    except WebhookVerificationError:
        return None


json.dump([verify(one) for one in json.load(sys.stdin)], sys.stdout)
