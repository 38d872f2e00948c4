"""The stream of a generation: an ASGI door, which the walk through Django's addresses does not come to."""

from django.db import connection

from tests.access.askers import EVERYWHERE, MARKS, STRANGER, Asker
from tests.access.rows import ROWS
from tests.access.rules import IN
from tests.access.world import World, make_world
from tests.generation.readers import Reader, play

PAGE = ROWS["generations/<uuid:generation_id>/"]["GET"]
# Where somebody else's stream would go on.
FOREIGN_CURSORS = [{"after": "0.0"}, {"after": "1.1"}, {"last_event_id": "1.2"}, {"last_event_id": "999.999"}]


def test_a_stream_is_for_those_who_may_open_its_page(committed_db):
    world = make_world()
    connection.close()
    asked = [(asker, {}) for asker in EVERYWHERE] + [(STRANGER, cursor) for cursor in FOREIGN_CURSORS]

    async def scene() -> list[str]:
        return [fault for asker, cursor in asked for fault in await faults(world, asker, cursor)]

    assert play(scene()) == []


async def faults(world: World, asker: Asker, cursor: dict[str, str]) -> list[str]:
    """Return what is wrong with an answer: who is let in is who may open the page, and there is no login page here."""
    reader = reader_of(world, asker, cursor)
    async with reader:
        body = await reader.rest()
    told = {mark for mark in MARKS if mark.encode() in body}
    if PAGE.outcome(asker) == IN:
        return [] if reader.status == 200 and told else [f"{asker}: {reader.status} {told}"]
    return [] if reader.status in {401, 404} and not told else [f"{asker} {cursor}: {reader.status} {told}"]


def reader_of(world: World, asker: Asker, cursor: dict[str, str]) -> Reader:
    cookies = {} if asker.is_key else world.browsers[asker.name].cookies
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
    reader = Reader(world.ids_of(asker)["generation_id"], cookie=cookie, **cursor)
    if asker.is_key:
        reader.scope["headers"].append((b"authorization", f"Bearer {world.tokens[asker.name]}".encode()))
    return reader
