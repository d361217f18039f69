# SPDX-License-Identifier: Apache-2.0
"""Metadata, extras and entry points of the distribution workflow-notifier."""

from pathlib import Path

from setuptools import find_packages, setup

BRIDGE = [
    "Jinja2>=3.1",
    "SQLAlchemy>=2.0.36",
    "PyYAML>=6",
    "alembic>=1.14",
    "cryptography>=43",
    "fastapi>=0.115",
    "httptools>=0.6.4",
    "platformdirs>=4",
    "prometheus-client>=0.21",
    "pydantic>=2.9",
    "urllib3>=2.2",
    "uvicorn>=0.32",
    "uvloop>=0.21; sys_platform != 'win32'",
    "yaql>=3.0",
]
BROWSER = ["axe-playwright-python>=0.1.4", "playwright>=1.49"]
CELERY = ["celery>=5.4"]
KEYSTONE = ["keystonemiddleware>=10.7"]
# Nothing: Mistral's environment has what it takes, and keeps its versions.
MISTRAL: list[str] = []
OPENSTACKCLIENT = ["osc-lib>=3.2"]
OSLO = ["oslo.messaging>=14.9"]
# Metrics stay Prometheus'; OTLP goes over HTTP, by the requests that is here already.
OTEL = ["opentelemetry-exporter-otlp-proto-http>=1.28", "opentelemetry-sdk>=1.28"]
OUTBOX = ["SQLAlchemy>=2.0.36"]
POSTGRESQL = ["psycopg[binary]>=3.2"]
TASKFLOW = ["taskflow>=5.9"]
TEST = [
    "aiosqlite>=0.20",
    "coverage[toml]>=7.6",
    "eventlet>=0.40",
    "greenlet>=3.1",
    "hypothesis>=6.115",
    "import-linter>=2.5",
    "mypy>=1.13",
    "pytest>=8.3",
    "pytest-randomly>=3.16",
    "pytest-timeout>=2.3",
    "python-mistralclient>=5.3",
    "python-openstackclient>=7.1",
    "ruff>=0.14",
    "schemathesis>=4.32",
    "standardwebhooks>=1.0",
    "time-machine>=2.16",
    "tox>=4.23",
    "types-PyYAML>=6",
    "types-requests>=2.32",
]

setup(
    name="workflow-notifier",
    version="0.1.0",
    description="Workflow events on an AMQP topic exchange, and on to webhooks",
    long_description=Path(__file__).with_name("README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["notifier", "notifier.*", "bridge", "bridge.*"]),
    package_data={
        "notifier": ["py.typed"],
        "bridge": ["py.typed", "page/static/*", "page/templates/*"],
    },
    install_requires=[
        "click>=8.1",
        "kombu>=5.4",
        "oslo.config>=9.6",
        "requests>=2.32.3",
        "rich>=13.9",
    ],
    extras_require={
        "bridge": BRIDGE,
        "browser": BROWSER,
        "celery": CELERY,
        "keystone": KEYSTONE,
        "mistral": MISTRAL,
        "openstackclient": OPENSTACKCLIENT,
        "oslo": OSLO,
        "otel": OTEL,
        "outbox": OUTBOX,
        "postgresql": POSTGRESQL,
        "taskflow": TASKFLOW,
        "test": [
            *BRIDGE,
            *CELERY,
            *KEYSTONE,
            *OPENSTACKCLIENT,
            *OSLO,
            *OTEL,
            *OUTBOX,
            *POSTGRESQL,
            *TASKFLOW,
            *TEST,
        ],
    },
    entry_points={
        "console_scripts": [
            "notifier = notifier.cli:main",
            "notifier-bridge = bridge.cli:main",
        ],
        "mistral.notification.publishers": [
            "amqp = notifier.engines.mistral.publisher:MistralPublisher",
        ],
        "openstack.workflow_engine.v2": [
            "workflow_listener_add = bridge.cli.openstack.listeners:Add",
            "workflow_listener_delete = bridge.cli.openstack.listeners:Delete",
            "workflow_listener_list = bridge.cli.openstack.listeners:List",
            "workflow_listener_set = bridge.cli.openstack.listeners:Set",
            "workflow_listener_show = bridge.cli.openstack.listeners:Show",
        ],
        "oslo.config.opts": [
            "notifier = notifier.settings:list_opts",
            "bridge = bridge.settings:list_opts",
            "notifier.mistral = notifier.engines.mistral.settings:list_opts",
            "notifier.service = notifier.settings.host:list_opts",
        ],
        "oslo.messaging.notify.drivers": [
            "workflow_events = notifier.engines.oslo_driver:WorkflowEventsDriver",
        ],
    },
)
