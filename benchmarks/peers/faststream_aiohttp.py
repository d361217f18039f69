# SPDX-License-Identifier: Apache-2.0
"""The peer on FastStream and aiohttp, on uvloop."""

import aiohttp
import uvloop
from faststream import FastStream
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue

from benchmarks.peers.posting import open_session, post
from benchmarks.peers.webhook import PREFETCH, QUEUE, URL

broker = RabbitBroker(
    URL, default_channel=Channel(prefetch_count=PREFETCH), logger=None
)
app = FastStream(broker, logger=None)
opened: list[aiohttp.ClientSession] = []


@app.on_startup
async def start() -> None:
    """Open the session, which needs the loop."""
    opened.append(open_session())


@broker.subscriber(RabbitQueue(QUEUE, durable=True, declare=False), no_reply=True)
async def carry(message: RabbitMessage) -> None:
    """Post one event; acked when this returns."""
    await post(opened[0], message.body)


if __name__ == "__main__":
    uvloop.run(app.run())
