# SPDX-License-Identifier: Apache-2.0
"""The peer on aio-pika and aiohttp, on uvloop."""

import asyncio

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage

from benchmarks.peers.posting import open_session, post
from benchmarks.peers.webhook import PREFETCH, QUEUE, URL


async def main() -> None:
    """Carry events until killed."""
    opened = open_session()
    connection = await aio_pika.connect_robust(URL)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=PREFETCH)
    queue = await channel.get_queue(QUEUE, ensure=False)

    async def carry(message: AbstractIncomingMessage) -> None:
        await post(opened, message.body)
        await message.ack()

    await queue.consume(carry)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
