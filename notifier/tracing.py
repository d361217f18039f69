# SPDX-License-Identifier: Apache-2.0
"""Makes spans by OpenTelemetry; nothing else here knows it.

Safe to share between threads, and after `os.fork`. What fails is logged and costs a span,
never the work that it is about; nothing waits for a collector but `Tracer.close`.
"""

import atexit
import logging
import threading
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

from notifier.conventions import Attributes, Kind

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace.propagation.tracecontext import (
        TraceContextTextMapPropagator,
    )
except ImportError as err:  # pragma: no cover - the tests have it installed
    raise ImportError("install workflow-notifier[otel]") from err

CLOSE_SECONDS: Final = 2.0
"""So long, at most, the last spans may take to leave."""

_NAME: Final = "workflow-notifier"
_W3C: Final = TraceContextTextMapPropagator()
_NOTHING: Final[Attributes] = {}
_KINDS: Final = {
    Kind.PRODUCER: trace.SpanKind.PRODUCER,
    Kind.CONSUMER: trace.SpanKind.CONSUMER,
    Kind.CLIENT: trace.SpanKind.CLIENT,
}

_log = logging.getLogger(__name__)


class Span:
    """Something that is being done.

    Attributes:
        context: ``traceparent``, and ``tracestate`` if there is one, for whom it leads
            to.
    """

    __slots__ = ("_span", "context")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, trace.set_span_in_context(span, Context()))
        self.context: Mapping[str, str] = carrier

    def end(
        self, attributes: Attributes = _NOTHING, *, error: str | None = None
    ) -> None:
        """Tell that it is done.

        Args:
            attributes: Those that are known only now.
            error: Its ``error.type``; None: it went well.
        """
        try:
            self._span.set_attributes(dict(attributes))
            if error is not None:
                self._span.set_attribute("error.type", error)
                self._span.set_status(trace.StatusCode.ERROR)
            self._span.end()
        except Exception:  # noqa: BLE001 - whatever it is, the work goes on
            _log.exception("a span is lost")


class Tracer:
    """Where spans begin.

    Args:
        provider: Has the spans exported.
        is_own: Whether it is to be closed with this.
    """

    def __init__(self, provider: trace.TracerProvider, *, is_own: bool) -> None:
        self._provider = provider
        self._is_own = is_own
        self._tracer = provider.get_tracer(_NAME, version(_NAME))
        if is_own:
            atexit.register(self.close)

    def start(
        self,
        name: str,
        kind: Kind,
        attributes: Attributes,
        parent: Mapping[str, str] | None,
    ) -> Span:
        """Begin a span.

        Args:
            name: By the conventions.
            kind: What it is.
            attributes: That are known by now.
            parent: What it follows, by its ``traceparent``; without one it follows
                nothing. None: the current span of who calls, if there is one.
        """
        try:
            context = None if parent is None else _W3C.extract(parent, Context())
            span = self._tracer.start_span(
                name, context, _KINDS[kind], attributes=dict(attributes)
            )
        except Exception:  # noqa: BLE001 - whatever it is, the work goes on
            _log.exception("a span is lost")
            span = trace.INVALID_SPAN
        return Span(span)

    def close(self) -> None:
        """Have the last spans exported; blocks for `CLOSE_SECONDS` at most."""
        if not (self._is_own and isinstance(self._provider, TracerProvider)):
            return
        atexit.unregister(self.close)
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(CLOSE_SECONDS)


def open_tracer(service: str) -> Tracer:
    """Return what makes spans in this process.

    They go where the process's own tracer provider sends them, if it has set one; else to
    a collector, by OTLP over HTTP, as OpenTelemetry's environment variables say.

    Args:
        service: ``service.name``, unless these variables name another.
    """
    provider = trace.get_tracer_provider()
    if not isinstance(provider, trace.ProxyTracerProvider):
        return Tracer(provider, is_own=False)
    resource = {
        "service.name": service,
        "service.version": version(_NAME),
        **OTELResourceDetector().detect().attributes,
    }
    own = TracerProvider(resource=Resource.create(resource), shutdown_on_exit=False)
    own.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracer(own, is_own=True)
