"""The models that take their time, or never end."""

import asyncio
from itertools import count

from dev.model_server import answering
from dev.model_server.call import Call

DELAY_SECONDS = 60
SOME_PIECES = 20
TRICKLE_SECONDS = 1
ENDLESS_SECONDS = 0.001


async def first_token(call: Call) -> None:
    """Send the headers, wait, then answer."""
    await call.open_stream()
    await headers(call)


async def headers(call: Call) -> None:
    """Wait before the first byte, then answer."""
    await asyncio.sleep(call.request.option("delay", default=DELAY_SECONDS))
    await answering.demo_fast(call)


async def stall(call: Call) -> None:
    """Write some text, then nothing until the client hangs up."""
    await write_some(call)
    await asyncio.Event().wait()


async def trickle(call: Call) -> None:
    """Write one short piece a second."""
    await call.write_paced((number * TRICKLE_SECONDS, f"drop {number} ") for number in count())


async def endless(call: Call) -> None:
    """Write fast and for ever, whatever the limit."""
    for number in count():
        await call.write(f"and on and on, line {number}\n", is_limited=False)
        await asyncio.sleep(ENDLESS_SECONDS)


async def write_some(call: Call) -> None:
    """Write the beginning of the demo answer without delay."""
    await call.write_all(answering.demo_pieces(call.request.user_message)[:SOME_PIECES])
