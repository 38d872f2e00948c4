"""The proxy's own configuration in front of the product out of the image: it holds nothing back, believes nobody."""

import json
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from itertools import pairwise

import httpx2
import pytest

from dev.services.ports import LOOPBACK, free_port
from dev.supervisor import Supervisor
from tests.box.boxed import HOST, Boxed, arrivals, start_generation, visitor
from tests.guards.source import ROOT
from tests.product import wait_for

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
# Certificates of its own making, and no port that is not ours.
OFFLINE = "{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n"


@pytest.fixture(scope="module")
def proxy(boxed: Boxed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Caddy of our own that reads config/proxy/Caddyfile."""
    if shutil.which("caddy") is None:
        pytest.skip("no Caddy: `apt install caddy` (Debian)")
    folder, port = tmp_path_factory.mktemp("proxy"), free_port()
    (folder / "Caddyfile").write_text(_caddyfile())
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    environment |= {"SITE_URL": f"https://{HOST}:{port}", "WEB_ADDRESS": f"{LOOPBACK}:{boxed.port}"}
    (folder / "logs").mkdir()
    command = ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    supervisor = Supervisor(environment=environment, var_dir=folder, processes={"proxy": command}, folder=folder)
    supervisor.start_all()
    address = f"https://{LOOPBACK}:{port}"
    wait_for(lambda: visitor(address).get("/healthz").status_code == 200, seconds=30)
    yield address
    supervisor.stop_all()


def _caddyfile() -> str:
    written = (ROOT / "config" / "proxy" / "Caddyfile").read_text()
    assert "\n{\n" in written
    return written.replace("\n{\n", f"\n{OFFLINE}", 1)


def test_the_proxy_speaks_http_2(proxy):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])

    plain = socket.create_connection((LOOPBACK, int(proxy.rpartition(":")[2])))
    with context.wrap_socket(plain, server_hostname=HOST) as secure:
        assert secure.selected_alpn_protocol() == "h2"


def test_the_proxy_passes_each_piece_of_a_stream_on_at_once(boxed, proxy):
    person = boxed.person(base_url=proxy)
    generation = start_generation(person, key="through-the-proxy")
    pieces = list(arrivals(person, f"/generations/{generation}/stream/"))

    moments = [moment for moment, _ in pieces]
    assert "event: done" in "".join(text for _, text in pieces)
    assert len(pieces) > 5
    # One big piece at the end is what a proxy that holds back would hand out.
    assert sum(later - earlier > 0.005 for earlier, later in pairwise(moments)) > 5


def test_pages_come_compressed_and_streams_do_not(boxed, proxy):
    person = boxed.person(base_url=proxy)
    page = person.get("/generations/new/", headers={"Accept-Encoding": "gzip"})
    generation = start_generation(person, key="compressed-or-not")
    path = f"/generations/{generation}/stream/"
    with person.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as stream:
        assert "content-encoding" not in stream.headers

    assert page.headers["content-encoding"] == "gzip"


def test_what_a_caller_says_of_its_address_is_dropped(boxed, proxy):
    headers = {"X-Forwarded-For": "6.6.6.6", "X-Request-ID": "a-caller-who-lies"}
    answer = visitor(proxy).get("/accounts/login/", headers=headers)

    (line,) = [json.loads(line) for line in boxed.log("web").splitlines() if '"a-caller-who-lies"' in line]
    assert answer.status_code == 200
    assert line["address"] == LOOPBACK


def test_the_inside_is_not_shown(proxy):
    assert visitor(proxy).get("/metrics").status_code == 404


def test_a_request_waits_for_a_web_process_that_is_being_replaced(boxed, proxy):
    answers: list[httpx2.Response] = []
    boxed.supervisor.stop(["web"])
    asking = threading.Thread(target=lambda: answers.append(visitor(proxy).get("/healthz")))

    asking.start()
    boxed.supervisor.start("web")
    asking.join(60)

    assert [answer.status_code for answer in answers] == [200]
