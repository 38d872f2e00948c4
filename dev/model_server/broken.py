"""The models whose responses break the protocol."""

from dev.model_server import answering
from dev.model_server.call import AnswerEndedError, Call
from dev.model_server.slow import SOME_PIECES, write_some

HUGE_BYTES = 1_000_000
COMMENTS = 5


async def cut(call: Call) -> None:
    """Write some text and cut the connection."""
    await write_some(call)
    await call.cut()


async def eof(call: Call) -> None:
    """Write some text and end without saying so."""
    await write_some(call)
    await call.end()


async def malformed(call: Call) -> None:
    """Put broken JSON between two halves of a good answer."""
    await _answer_around(call, b'data: {"id": "chatcmpl-broken", "choices": [{"delta": {"content": "br\n\n')


async def bad_utf8(call: Call) -> None:
    """Put bytes that are no UTF-8 between two halves of a good answer."""
    await _answer_around(
        call,
        b'data: {"id": "chatcmpl-bytes", "object": "chat.completion.chunk", "created": 0, "model": "keel-bad-utf8", '
        b'"choices": [{"index": 0, "delta": {"content": "\xff\xfe\xc3("}, "finish_reason": null}]}\n\n',
    )


async def html(call: Call) -> None:
    """Answer as a proxy's error page does."""
    page = b"<!doctype html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n"
    await call.response.reply(page, content_type="text/html; charset=utf-8")


async def json_200(call: Call) -> None:
    """Answer with JSON that is neither a completion nor an error."""
    await call.response.reply_json({"status": "ok", "service": "keel"})


async def comments(call: Call) -> None:
    """Keep the stream alive without ever saying anything."""
    await call.write_raw(b": keep-alive\n\n" * COMMENTS)
    await call.end()


async def error_midstream(call: Call) -> None:
    """Write some text, then fail inside a response that began with 200."""
    error = {"message": "The server had an error while answering.", "type": "server_error", "param": None, "code": None}
    if not call.request.stream:
        await call.response.reply_json({"error": error})
        raise AnswerEndedError
    await write_some(call)
    await call.write_error(error)
    await call.end()


async def choices(call: Call) -> None:
    """Put chunks without choices or delta between the good ones."""
    for piece in answering.demo_pieces(call.request.user_message):
        await call.write_choices([])
        await call.write(piece)
        await call.write_choices(None)
        await call.write_delta(None)
    await call.finish()


async def huge_chunk(call: Call) -> None:
    """Write one delta that is larger than any buffer expects."""
    line = "A very long line without an end. "
    await call.write((line * (HUGE_BYTES // len(line) + 1))[:HUGE_BYTES], is_limited=False)
    await call.finish()


async def _answer_around(call: Call, data: bytes) -> None:
    pieces = answering.demo_pieces(call.request.user_message)
    await call.write_all(pieces[:SOME_PIECES])
    await call.write_raw(data)
    await call.write_all(pieces[SOME_PIECES:])
    await call.finish()
