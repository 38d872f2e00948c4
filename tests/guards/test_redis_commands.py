"""Redis is asked nothing that version 6.2 does not know: read from what a server of ours was really asked."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time

import pytest
import redis as redis_library
from django.core.cache import cache
from django.db import connection
from django.test import RequestFactory
from django.utils.timezone import now

from apps.billing.entitlements import assess
from apps.core import rate_limits, redis
from apps.core.ids import uuid7
from apps.core.tasks import sweep_mail
from apps.generation import limits, stream
from apps.generation.flusher import Flusher
from apps.generation.hub import Hub
from config.celery import app as celery_app
from dev.services.valkey import Valkey
from tests.guards.source import ROOT

KNOWN = set((ROOT / "tests/guards/redis_6_2.txt").read_text().splitlines())
# Options of known commands that came later, by the word that asks for them.
LATER = {
    "expire": {"nx", "xx", "gt", "lt"},
    "pexpire": {"nx", "xx", "gt", "lt"},
    "expireat": {"nx", "xx", "gt", "lt"},
    "pexpireat": {"nx", "xx", "gt", "lt"},
    "bitcount": {"byte", "bit"},
    "bitpos": {"byte", "bit"},
    "set": {"ifeq"},
    "shutdown": {"now", "force", "safe", "abort"},
    "xsetid": {"entriesadded", "maxdeletedid"},
}
# Sent by the client library about itself; it does not mind that an older server refuses.
TOLERATED = {"client setinfo"}
END = "the-end-of-the-capture"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    """A server that only this module speaks to."""
    server = Valkey(var_dir=_prepared(tmp_path_factory.mktemp("valkey")), password="only-for-this-test")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def product(valkey, settings):
    """This process, with the server of this module as its Redis."""
    _forget_clients()
    settings.REDIS_URL = valkey.url()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": valkey.url()}}
    yield
    _forget_clients()


@contextlib.contextmanager
def captured(url: str):
    """Collect what the server is asked within a block, by scripts too."""
    commands: list[list[str]] = []
    client = redis_library.Redis.from_url(url)
    with client.monitor() as monitor:
        yield commands
        client.echo(END)
        for asked in monitor.listen():
            words = asked["command"].lower().split()
            if END in words:
                break
            commands.append(words)
    client.close()


def names(commands: list[list[str]]) -> set[str]:
    """Return the commands by name, with the subcommand where that is part of it."""
    containers = {name.split()[0] for name in KNOWN if " " in name}
    return {" ".join(words[:2]) if words[0] in containers else words[0] for words in commands}


def unknown(commands: list[list[str]]) -> set[str]:
    """Return what Redis 6.2 would not understand."""
    refused = names(commands) - KNOWN - TOLERATED
    refused |= {" ".join(words) for words in commands if LATER.get(words[0], set()) & set(words[2:])}
    # Two combinations of old words: the old value of a SET NX, and a stream id whose second half is left open.
    refused |= {" ".join(words) for words in commands if words[0] == "set" and {"nx", "get"} <= set(words[3:])}
    return refused | {" ".join(words) for words in commands if words[0] == "xadd" and re.search(r"\d-\*", str(words))}


def test_streams_and_their_readers_stay_within_6_2(product, valkey):
    generation_id = uuid7()
    with captured(valkey.url()) as commands:
        writer = Flusher().open(generation_id)
        writer.append("Tidal ")
        assert writer.drain(seconds=5)
        asyncio.run(_read_live(generation_id, writer))
        assert stream.read_text(generation_id) == "Tidal power"
        stream.seal(generation_id)
        stream.announce(generation_id, stream.END)
        writer.append("too late")
        assert not writer.drain(seconds=5)

    assert unknown(commands) == set()
    assert {"xadd", "xrange", "xrevrange", "evalsha", "script load", "publish", "subscribe"} <= names(commands)
    assert any("nomkstream" in words for words in commands)


def test_limits_stay_within_6_2(product, valkey, settings):
    settings.GENERATION_LIMITS = {"user": 100, "workspace": 1, "address": 100}
    with captured(valkey.url()) as commands:
        caller = {"user_id": 1, "workspace_id": uuid7(), "address": "192.0.2.1", "rights": assess(None, at=now())}
        limits.require_within_limits(**caller, idempotency_key="first")
        with pytest.raises(limits.GenerationLimitError):
            limits.require_within_limits(**caller, idempotency_key="second")
        assert limits.find_tightest(**caller).remaining == 0

    assert unknown(commands) == set()
    assert {"evalsha", "lpush", "lindex", "ltrim", "exists"} <= names(commands)


def test_limits_at_the_edge_and_the_cache_stay_within_6_2(product, valkey):
    def view(request):
        return None

    with captured(valkey.url()) as commands:
        for _attempt in range(2):
            rate_limits.limited(group="login", rate="20/m")(view)(RequestFactory().post("/"))
        cache.set("name", "value", 60)
        cache.get_or_set("name", "value")
        cache.delete("name")

    assert unknown(commands) == set()
    assert {"set", "get"} <= names(commands)


def test_the_doorbell_and_a_worker_stay_within_6_2(product, valkey, committed_db):
    with captured(valkey.url()) as commands:
        with celery_app.connection_for_write(valkey.url()) as doorbell:
            sweep_mail.apply_async(connection=doorbell, retry=False)
        _work_until_idle(valkey.url())

    assert unknown(commands) == set()
    assert {"lpush", "brpop"} <= names(commands)


def test_scripts_of_ours_name_only_known_commands():
    sources = [path.read_text() for path in (ROOT / "apps").rglob("*.py")]
    named = {name.lower() for text in sources for name in re.findall(r"redis\.p?call\(\s*'(\w+)'", text)}

    assert "xrevrange" in named
    assert named - KNOWN == set()


@pytest.mark.parametrize(
    "command",
    ["lmpop 1 a left", "expire a 5 nx", "set a b nx get", "client no-evict on", "xadd a 1-* k v", "fcall f 0"],
)
def test_what_came_later_would_be_found(command):
    assert unknown([command.split()])


@pytest.mark.parametrize("command", ["xadd a nomkstream 1-0 k v", "set a b nx px 5", "expire a 5", "client setname a"])
def test_what_6_2_knows_is_let_through(command):
    assert not unknown([command.split()])


async def _read_live(generation_id, writer) -> None:
    hub = Hub()
    async with hub.join(generation_id, status="running") as channel:
        await asyncio.wait_for(channel.changed(), timeout=5)
        writer.append("power")
        await asyncio.wait_for(channel.changed(), timeout=5)
    await hub.close()


def _work_until_idle(url: str) -> None:
    command = [sys.executable, "-m", "celery", "--app", "config.celery", "worker", "--pool", "solo"]
    database = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{connection.settings_dict['NAME']}"
    environment = {**os.environ, "REDIS_URL": url, "DATABASE_URL": database, "PYTHONPATH": str(ROOT)}
    client = redis_library.Redis.from_url(url)
    worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ends_at = time.monotonic() + 60
        while client.llen("default") or client.hlen("unacked"):
            assert time.monotonic() < ends_at, "no worker took the message"
            time.sleep(0.1)
    finally:
        worker.terminate()
        worker.wait(timeout=30)
        client.close()


def _prepared(var_dir):
    for name in ("logs", "run"):
        (var_dir / name).mkdir()
    return var_dir


def _forget_clients() -> None:
    redis.client.cache_clear()
