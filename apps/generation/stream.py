"""Step 6 of a generation: raw text as numbered entries of an expiring Redis Stream, announced by pub/sub.

One Lua call appends and announces, so nothing is announced that was not stored. The first entry (1) opens the stream;
an append never creates one. A sealed stream ends with the highest id there is, so Redis itself refuses a late writer.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from redis.exceptions import NoScriptError, RedisError

from apps.core import redis

EXPIRES_SECONDS = 3600
SEAL_ID = "18446744073709551615-18446744073709551615"
OPENED, DELTA, SNAPSHOT, STATUS, END = "o", "d", "s", "r", "e"

STORED, LOST, SEALED, REFUSED = 1, 0, -1, -2

# The last entry says it all: sealed; ours already, by a call whose answer was lost; or not the one before a delta, so
# that Redis has lost the stream or, restored from an older copy, its end.
_APPEND = f"""
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last_id = last and last[1]
if last_id == '{SEAL_ID}' then return {SEALED} end
if last_id == ARGV[1] .. '-0' then return {STORED} end
if ARGV[2] == '{DELTA}' then
    if last_id ~= (ARGV[1] - 1) .. '-0' then return {LOST} end
    redis.call('XADD', KEYS[1], 'NOMKSTREAM', ARGV[1] .. '-0', 'k', ARGV[2], 't', ARGV[3])
else
    redis.call('XADD', KEYS[1], ARGV[1] .. '-0', 'k', ARGV[2], 't', ARGV[3])
    redis.call('EXPIRE', KEYS[1], {EXPIRES_SECONDS})
end
redis.call('PUBLISH', ARGV[4], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return {STORED}
"""


@dataclass(frozen=True)
class Entry:
    """One numbered piece of a stream: a delta, or a snapshot that replaces everything before it."""

    sequence: int
    kind: str
    text: str


def stream_key(generation_id: UUID | str) -> str:
    """Return the Redis key of a generation's stream."""
    return f"generation:{generation_id}:stream"


def channel(generation_id: UUID | str) -> str:
    """Return the pub/sub channel on which a generation's entries are announced."""
    return f"generation:{generation_id}"


def append_all(entries: Sequence[tuple[UUID, Entry]]) -> list[int]:
    """Append entries of many generations in one pipeline; return STORED, LOST, SEALED or REFUSED for each.

    REFUSED: Redis would not take this one now (it is full, say). Raises RedisError when Redis does not answer. In
    both cases the same entries may be sent again without harm.
    """
    results = _evaluate(entries)
    if any(isinstance(result, NoScriptError) for result in results):
        redis.client().script_load(_APPEND)
        results = _evaluate(entries)
    return [REFUSED if isinstance(result, Exception) else int(str(result)) for result in results]


def seal(generation_id: UUID) -> None:
    """End a stream for good: every later append is refused. Repeatable; creates the stream where Redis has lost it."""
    key = stream_key(generation_id)
    pipeline = redis.client().pipeline(transaction=False)
    pipeline.xadd(key, {"k": END, "t": ""}, id=SEAL_ID)
    pipeline.expire(key, EXPIRES_SECONDS)
    pipeline.execute(raise_on_error=False)


def read_text(generation_id: UUID) -> str:
    """Return the whole text that reached the stream. Raises RedisError when Redis does not answer."""
    return text_of(entries_of(redis.client().xrange(stream_key(generation_id))))


def announce(generation_id: UUID, kind: str, text: str = "") -> None:
    """Tell listening hubs about a change that PostgreSQL holds; a hub that misses it finds out by itself."""
    try:
        redis.client().publish(channel(generation_id), f"0 {kind} {text}")
    except RedisError:
        return


def entries_of(rows: Any) -> list[Entry]:
    """Decode stream entries as Redis returns them, without the seal."""
    return [
        Entry(int(entry_id.partition(b"-")[0]), fields[b"k"].decode(), fields[b"t"].decode())
        for entry_id, fields in rows
        if entry_id != SEAL_ID.encode()
    ]


def text_of(entries: Sequence[Entry]) -> str:
    """Join entries to the text they stand for."""
    text = ""
    for entry in entries:
        text = entry.text if entry.kind == SNAPSHOT else text + entry.text
    return text


def _evaluate(entries: Sequence[tuple[UUID, Entry]]) -> list[object]:
    pipeline = redis.client().pipeline(transaction=False)
    for generation_id, entry in entries:
        keys_and_arguments = (
            stream_key(generation_id),
            entry.sequence,
            entry.kind,
            entry.text,
            channel(generation_id),
        )
        pipeline.evalsha(_sha(), 1, *keys_and_arguments)
    return list(pipeline.execute(raise_on_error=False))


def _sha() -> str:
    return hashlib.sha1(_APPEND.encode(), usedforsecurity=False).hexdigest()
