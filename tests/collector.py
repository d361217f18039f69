# SPDX-License-Identifier: Apache-2.0
"""A collector of OpenTelemetry's spans: OTLP over HTTP, read by OpenTelemetry's own code."""

import gzip
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PATIENCE_SECONDS = 20
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Seen:
    """A span that was exported."""

    service: str
    name: str
    kind: str
    trace_id: str
    id: str
    parent_id: str
    attributes: dict
    is_error: bool

    @property
    def traceparent(self):
        return f"00-{self.trace_id}-{self.id}-01"


class Collector:
    """A context manager.

    Attributes:
        spans: In the order in which they came.
        raw: All bytes that came, by the service that sent them.
        status: Of every answer.
    """

    def __init__(self, status=200):
        self.spans = []
        self.raw = {}
        self.status = status
        self._came = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(LOOK_SECONDS,)
        )

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def environment(self):
        """What leads a process here."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }

    def wait_until(self, look):
        """Wait until the spans look so, and return them."""
        with self._came:
            is_so = self._came.wait_for(lambda: look(self.spans), PATIENCE_SECONDS)
            assert is_so, [(one.service, one.name) for one in self.spans]
            return list(self.spans)

    def take(self, body):
        """Take what was exported."""
        request = ExportTraceServiceRequest.FromString(body)
        came = list(_spans(request))
        with self._came:
            for service in {one.service for one in came}:
                self.raw[service] = self.raw.get(service, b"") + body
            if self.status == 200:
                self.spans += came
            self._came.notify_all()


def _spans(request):
    for resource in request.resource_spans:
        service = _values(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Seen(
                    service=service,
                    name=span.name,
                    kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    trace_id=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    attributes=_values(span.attributes),
                    is_error=span.status.code == Status.STATUS_CODE_ERROR,
                )


def _values(attributes):
    return {
        one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes
    }


def _handler(collector):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            collector.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    return Handler
