"""Deliveries by the thousand, over connections that stay open: a client library would take longer than the product."""

import asyncio
import time
from collections.abc import Iterator

import stripe

from tests.product import Product

HEAD = (
    "POST /webhooks/stripe/ HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    "content-length: {length}\r\nstripe-signature: {signature}\r\n\r\n"
)


def post_all(product: Product, bodies: list[bytes], *, at_once: int) -> list[int]:
    """Deliver all of these, so many at the same time, each signed just now; return the statuses of the answers."""
    return asyncio.run(_post_all(product, iter(bodies), at_once=at_once))


async def _post_all(product: Product, bodies: Iterator[bytes], *, at_once: int) -> list[int]:
    answers = await asyncio.gather(*(_post_some(product, bodies) for _connection in range(at_once)))
    return [status for answered in answers for status in answered]


async def _post_some(product: Product, bodies: Iterator[bytes]) -> list[int]:
    """Deliver over one connection whatever nobody else has taken yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", product.port)
    statuses = []
    for body in bodies:
        signature = stripe.WebhookSignature.generate_signature_header(
            body.decode(), product.stripe.webhook_secret, int(time.time())
        )
        writer.write(HEAD.format(length=len(body), signature=signature).encode() + body)
        statuses.append(await asyncio.wait_for(_read_status(reader), timeout=60))
    writer.close()
    return statuses


async def _read_status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    await reader.readexactly(int(length or 0))
    return int(head.split()[1])
