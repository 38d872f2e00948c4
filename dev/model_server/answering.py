"""The models that answer well."""

from collections.abc import Iterator
from itertools import count, cycle

from dev.model_server import demo_text, forms
from dev.model_server.call import Call
from dev.model_server.wire import BYTES_PER_TOKEN, encode_text

FIRST_TOKEN_SECONDS = 0.35
DEMO_TOKENS_PER_SECOND = 70
LONG_TOKENS_PER_SECOND = 4000
LONG_TOKENS = 2000
LONG_PIECE_BYTES = 17
ECHO_SIZES = (1, 2, 3, 5, 8)


async def demo(call: Call) -> None:
    """Write the demo answer at the speed of a real model."""
    schema = forms.schema_of(call)
    if call.request.tools:
        await forms.tools(call)
        return
    if schema is not None:
        await call.write_all([forms.write_json(call, schema)])
    else:
        await call.write_paced(_demo_schedule(call.request.user_message))
    await call.finish()


async def demo_fast(call: Call) -> None:
    """Write the demo answer at once."""
    schema = forms.schema_of(call)
    if call.request.tools:
        await forms.tools(call)
        return
    fast = demo_pieces(call.request.user_message) if schema is None else [forms.write_json(call, schema)]
    await call.write_all(fast)
    await call.finish()


async def echo(call: Call) -> None:
    """Send the user's message back."""
    await call.write_all(_echo_pieces(call.request.user_message))
    await call.finish()


async def long(call: Call) -> None:
    """Write as many tokens as the user's message asks for."""
    tokens = int(call.request.option("tokens", default=LONG_TOKENS))
    await call.write_paced(_long_schedule(bytes_max=tokens * BYTES_PER_TOKEN))
    await call.finish()


def demo_pieces(message: str) -> list[str]:
    """Return the demo answer in the pieces in which it is sent."""
    return demo_text.split_into_pieces(demo_text.write_answer(message), random=demo_text.seeded(message))


def _demo_schedule(message: str) -> Iterator[tuple[float, str]]:
    """Yield each piece with its second; the jitter is 15% and depends on the message alone."""
    random = demo_text.seeded(message)
    second = FIRST_TOKEN_SECONDS
    for piece in demo_pieces(message):
        yield second, piece
        tokens = len(encode_text(piece)) / BYTES_PER_TOKEN
        second += tokens / DEMO_TOKENS_PER_SECOND * (0.85 + 0.3 * random.random())


def _echo_pieces(text: str) -> Iterator[str]:
    start = 0
    for size in cycle(ECHO_SIZES):
        if start >= len(text):
            return
        yield text[start : start + size]
        start += size


def _long_schedule(*, bytes_max: int) -> Iterator[tuple[float, str]]:
    """Yield exactly so many bytes; the text is ASCII, so bytes are characters."""
    sent, buffer, sections = 0, "", _sections()
    while sent < bytes_max:
        while len(buffer) < LONG_PIECE_BYTES:
            buffer += next(sections)
        piece = buffer[: min(LONG_PIECE_BYTES, bytes_max - sent)]
        buffer = buffer[len(piece) :]
        yield sent / BYTES_PER_TOKEN / LONG_TOKENS_PER_SECOND, piece
        sent += len(piece)


def _sections() -> Iterator[str]:
    """Yield Markdown of every kind for ever, numbered so that a gap or a repetition shows."""
    for number in count(1):
        yield (
            f"## Section {number}\n\n"
            f"Paragraph {number} has **bold**, *italic*, `code` and a [link](https://example.com/{number}).\n"
            f"Its second line belongs to the same paragraph.\n\n"
            f"- item {number}.1\n- item {number}.2\n  - nested {number}.2.1\n  - nested {number}.2.2\n\n"
            f"1. step {number}.1\n2. step {number}.2\n\n"
            f"> Quote {number}, which somebody must have said.\n\n"
            f"```python\ndef section_{number}() -> int:\n    return {number}\n```\n\n"
            f"| part | value |\n| --- | ---: |\n| section | {number} |\n| square | {number * number} |\n\n"
        )
