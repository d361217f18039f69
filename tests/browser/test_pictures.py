# SPDX-License-Identifier: Apache-2.0
"""A picture of every page, of a shop's day; for the documentation where SCREENSHOTS says so."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.shop import BROKEN, Shop, a_day
from tests.pictured import page_names
from tests.served import ServedApi

SHOTS = os.environ.get("SCREENSHOTS")
"""Folder that the pictures are written to; none: they are thrown away."""

SIZE = {"width": 1080, "height": 740}
HEIGHTS = {"events": 560, "deliveries": 600, "dead": 600, "delivery": 830}
"""Of pictures that show the same again further down, or something worth seeing."""

FAILED = "order-48238"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('shop')}/bridge.sqlite3"
    with ServedApi(url, pulse=a_day(datetime.now(UTC))) as served:
        shop = Shop(served)
        shop.open()
        yield shop


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('guarded')}/bridge.sqlite3"
    with ServedApi(url, signs_in=True) as served:
        yield served


@pytest.fixture
def painter(visit, shop, tmp_path):
    return Painter(visit(shop.served.url, viewport=SIZE), shop, tmp_path)


class Painter:
    """Takes pictures of what a visitor sees.

    Attributes:
        taken: Their names.
    """

    def __init__(self, visitor, shop, folder):
        self.visitor = visitor
        self.shop = shop
        self.taken = set()
        self._folder = Path(SHOTS) if SHOTS else folder

    def __getattr__(self, name):
        return getattr(self.visitor, name)

    def keep(self, name):
        """Keep a picture of what there is to see, without the empty ground below."""
        main = self.visitor.tab.get_by_role("main").bounding_box()
        most = HEIGHTS.get(name, SIZE["height"])
        height = min(most, main["y"] + main["height"])
        clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": height}
        path = self._folder / f"{name}.png"
        self.visitor.tab.screenshot(
            path=path, clip=clip, full_page=height > SIZE["height"]
        )
        self.taken.add(name)


def test_every_page_has_its_picture(painter, guarded, visit):
    whoever = Painter(visit(guarded.url, viewport=SIZE), painter.shop, painter._folder)
    whoever.open("/sign-in")
    whoever.sees("token-create")
    whoever.keep("sign-in")

    faults = []
    for name, show in SHOWN.items():
        show(painter)
        expect(painter.tab.get_by_role("heading", level=1)).to_be_visible()
        painter.keep(name)
        faults += painter.faults()

    assert painter.taken | whoever.taken == page_names()
    assert faults == []


def test_the_overview_has_a_picture_in_the_dark(visit, shop, tmp_path):
    visitor = visit(shop.served.url, viewport=SIZE, color_scheme="dark")
    painter = Painter(visitor, shop, tmp_path)

    painter.open("/")
    painter.sees(BROKEN)

    painter.keep("overview-dark")


def overview(painter):
    painter.open("/")
    painter.sees(BROKEN)


def listeners(painter):
    painter.open("/listeners")
    painter.sees("breaker open")


def listener(painter):
    painter.open(f"/listeners/{painter.shop.listeners[BROKEN].id}")
    painter.sees("The breaker has been open")


def listener_form(painter):
    painter.open("/listeners/new")
    painter.fill("Name", "charges that failed")
    painter.fill("Project", "shop")
    painter.fill("Events", "on-task-error")
    painter.fill("Workbook", "orders*")
    painter.fill("Only when", "$.task.name = 'charge' and $.payload.total > 100")
    painter.sees("of the last 50 events match")
    painter.tab.evaluate("document.querySelectorAll('fieldset')[1].scrollIntoView()")


def events(painter):
    painter.open("/events?binding=task.*.shop.orders.%23")
    expect(painter.tab.get_by_text("live", exact=True)).to_be_visible()


def event(painter):
    painter.open(f"/events/{painter.shop.events[FAILED, 'task.failed']}")
    painter.sees("card declined")


def execution(painter):
    painter.open(f"/executions/{FAILED}")
    painter.sees("card declined")


def deliveries(painter):
    painter.open("/deliveries")


def delivery(painter):
    key = FAILED, "execution.failed", BROKEN
    painter.open(f"/deliveries/{painter.shop.deliveries[key]}")
    painter.sees("webhook-signature")


def dead(painter):
    painter.open("/dead")
    painter.press("Choose all")


def quarantine(painter):
    painter.open("/quarantine")


def quarantined(painter):
    painter.open("/quarantine")
    painter.follow("body: is not JSON")
    painter.sees("Handle it once more")


def explain(painter):
    event = painter.shop.events[FAILED, "task.failed"]
    listener = painter.shop.listeners[BROKEN].id
    painter.open(f"/explain?event={event}&listener={listener}")
    painter.sees("It is not for this listener")


def mishap(painter):
    painter.open("/executions/order-99999")
    painter.sees("To the overview")


SHOWN = {
    one.__name__.replace("_", "-"): one
    for one in (
        *(overview, listeners, listener, listener_form, events, event, execution),
        *(deliveries, delivery, dead, quarantine, quarantined, explain, mishap),
    )
}
