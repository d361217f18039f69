# SPDX-License-Identifier: Apache-2.0
"""A webhook's receiver that OpenTelemetry's own instrumentation watches.

Prints its port; answers 503 to the first request for a path, then 204.
"""

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

known = set()


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_):
        """Say nothing."""


def receive(environ, start_response):
    """Take a webhook."""
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    path = environ["PATH_INFO"]
    is_new = path not in known
    known.add(path)
    start_response("503 Later" if is_new else "204 Taken", [("Content-Length", "0")])
    return []


def main():
    """Receive until it is ended."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    app = OpenTelemetryMiddleware(receive)
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
