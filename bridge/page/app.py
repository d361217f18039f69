# SPDX-License-Identifier: Apache-2.0
"""The page as one ASGI application: which path shows what."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.api.parts import Parts
from bridge.page.deliveries import DeliveryPages
from bridge.page.door import Door, Handler
from bridge.page.entrance import Entrance
from bridge.page.events import EventPages
from bridge.page.explaining import ExplainPages
from bridge.page.listeners import ListenerPages
from bridge.page.overview import OverviewPage
from bridge.page.quarantine import QuarantinePages
from bridge.page.rendering import static
from bridge.page.sessions import Sessions
from bridge.page.streams import Streams
from bridge.page.trying import Trial


def build(parts: Parts) -> Starlette:
    """Return the application.

    Args:
        parts: The rest of the bridge; neither opened nor closed here.
    """
    sessions = Sessions(parts.sealing, parts.now)
    door = Door(parts, sessions)
    entrance = Entrance(parts.sign_in, sessions)
    overview, events = OverviewPage(parts), EventPages(parts)
    listeners, trial = ListenerPages(parts), Trial(parts)
    deliveries, quarantine = DeliveryPages(parts), QuarantinePages(parts)
    explaining, streams = ExplainPages(parts), Streams(parts)
    shown: dict[str, Handler] = {
        "/": overview.show,
        "/listeners": listeners.find,
        "/listeners/new": listeners.blank,
        "/listeners/{listener_id}": listeners.get,
        "/listeners/{listener_id}/edit": listeners.edit,
        "/deliveries": deliveries.find,
        "/deliveries/{delivery_id}": deliveries.get,
        "/dead": deliveries.dead,
        "/events": events.find,
        "/events/{event_id:path}": events.get,
        "/executions/{execution_id:path}": events.execution,
        "/explain": explaining.show,
        "/quarantine": quarantine.find,
        "/quarantine/{message_id}": quarantine.get,
        "/stream/changes": streams.changes,
        "/stream/events": streams.events,
    }
    done: dict[str, Handler] = {
        "/listeners/check": trial.check,
        "/listeners/new": listeners.add,
        "/listeners/{listener_id}/edit": listeners.change,
        "/listeners/{listener_id}/pause": listeners.pause,
        "/listeners/{listener_id}/resume": listeners.resume,
        "/listeners/{listener_id}/test": listeners.test,
        "/listeners/{listener_id}/secret": listeners.rotate,
        "/listeners/{listener_id}/remove": listeners.remove,
        "/deliveries/{delivery_id}/retry": deliveries.retry,
        "/dead": deliveries.retry_many,
        "/quarantine/{message_id}/requeue": quarantine.requeue,
        "/quarantine/{message_id}/drop": quarantine.drop,
        "/sign-out": entrance.leave,
    }
    return Starlette(
        routes=[
            Route("/static/{name}", _static),
            Route("/sign-in", door.open(entrance.show), methods=["GET"]),
            Route("/sign-in", door.open(entrance.enter), methods=["POST"]),
            *(
                Route(path, door.endpoint(handler), methods=["POST"])
                for path, handler in done.items()
            ),
            *(
                Route(path, door.endpoint(handler), methods=["GET"])
                for path, handler in shown.items()
            ),
        ],
        exception_handlers={404: door.nothing, 405: door.nothing},
    )


async def _static(request: Request) -> Response:
    found = static(request.path_params["name"])
    return Response(status_code=404) if found is None else found
