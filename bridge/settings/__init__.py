# SPDX-License-Identifier: Apache-2.0
"""What an operator may set for a bridge: by option, environment and file.

The command line goes before ``AMQP_URL`` and ``DATABASE_URL``, those before
``OS_<SECTION>__<NAME>`` (oslo.config's own spelling), that before the file.
"""

from bridge.settings.loading import SYSTEM_FILE, USER_FILE, find_file, load
from bridge.settings.options import list_opts
from bridge.settings.values import (
    ApiSettings,
    BusSettings,
    CallbackSettings,
    DatabaseSettings,
    DeliverySettings,
    LogSettings,
    NotificationSettings,
    QuotaSettings,
    RetentionSettings,
    SecretSettings,
    Settings,
    TracingSettings,
)

__all__ = [
    "SYSTEM_FILE",
    "USER_FILE",
    "ApiSettings",
    "BusSettings",
    "CallbackSettings",
    "DatabaseSettings",
    "DeliverySettings",
    "LogSettings",
    "NotificationSettings",
    "QuotaSettings",
    "RetentionSettings",
    "SecretSettings",
    "Settings",
    "TracingSettings",
    "find_file",
    "list_opts",
    "load",
]
