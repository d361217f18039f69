# SPDX-License-Identifier: Apache-2.0
"""Requests that come too slowly, or with a head too large, end their connection."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from fastapi import FastAPI, Request

from bridge.service import arrival
from bridge.service.web import Web, bind
from tests.loops import on_loop

SECONDS = 0.3
PATIENCE_SECONDS = 10
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
SAID = b'{"bytes":0}'


@pytest.fixture
def in_haste(monkeypatch):
    monkeypatch.setattr(arrival, "ARRIVES_WITHIN_SECONDS", SECONDS)


def an_app():
    app = FastAPI()

    @app.api_route("/", methods=["GET", "POST"])
    async def size(request: Request):
        return {"bytes": len(await request.body())}

    return app


@asynccontextmanager
async def connected():
    """Serve, and connect; the other side of the connection is given."""
    listening = bind("127.0.0.1", 0)
    web = Web(an_app(), listening, timedelta(seconds=1))
    await web.start()
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        await web.stop()


async def read_to_its_end(reader):
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    "says",
    [b"", GET[:10], GET[:-2], POST, POST + b"12345"],
    ids=["nothing", "half a line", "half a head", "no body", "half a body"],
)
@pytest.mark.usefixtures("in_haste")
@on_loop
async def test_a_request_that_does_not_arrive_in_time_ends_its_connection(says):
    async with connected() as (reader, writer):
        writer.write(says)

        assert await read_to_its_end(reader) == b""


@pytest.mark.usefixtures("in_haste")
@on_loop
async def test_a_later_request_that_does_not_arrive_ends_it_too():
    async with connected() as (reader, writer):
        writer.write(GET)
        assert SAID in await reader.readuntil(SAID)
        writer.write(POST)

        assert await read_to_its_end(reader) == b""


@pytest.mark.usefixtures("in_haste")
@on_loop
async def test_between_two_requests_there_is_more_time():
    async with connected() as (reader, writer):
        writer.write(GET)
        await reader.readuntil(SAID)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SECONDS * 2):
                await reader.read()  # its end does not come

        writer.write(GET)
        assert SAID in await reader.readuntil(SAID)


@pytest.mark.parametrize(
    "piece", [b"X: " + b"y" * 1000 + b"\r\n", b"y" * 1000], ids=["many", "one"]
)
@on_loop
async def test_a_head_without_end_is_refused(piece):
    async with connected() as (reader, writer):
        writer.write(GET[:-2] + b"X: ")

        async def go_on():
            while not writer.is_closing():
                writer.write(piece)
                await writer.drain()

        going_on = asyncio.ensure_future(go_on())
        said = await read_to_its_end(reader)
        going_on.cancel()

    assert said == b"" or said.startswith(b"HTTP/1.1 400 ")
