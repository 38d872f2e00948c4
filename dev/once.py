"""What `bin/dev --once` does with the running product: one generation to its end, one stopped, the money of both."""

import html
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx2

EMAIL, PASSWORD = "demo@keel.local", "demo-password"
SLOW_MODEL = "keel-slow-first-token"
END_SECONDS = 60.0
ROOT = Path(__file__).resolve().parents[1]
INPUTS = {
    "template": "product-announcement",
    "product": "An import wizard for contacts",
    "details": "It pairs each column with the right field, shows a preview first, and can be undone for 24 hours.",
    "tone": "Friendly",
}


class OnceError(RuntimeError):
    """Something did not happen as it should; the message says what."""


def main(*, base_url: str) -> int:
    """Exercise the product over HTTP, print what happened, and return the exit code."""
    try:
        with httpx2.Client(base_url=base_url, timeout=20.0, follow_redirects=False) as client:
            _log_in(client)
            before = _balance(client)
            print(f"\nBalance before: {before} credits\n\nA generation, as it streams:\n")
            _run_to_the_end(client)
            print("\nA generation that is stopped before its first token:\n")
            _run_and_stop(client)
            after = _balance(client)
            print("\nThe ledger:\n", flush=True)
            subprocess.run([sys.executable, "manage.py", "print_ledger", EMAIL, "--last", "4"], cwd=ROOT, check=True)
            print(f"\nBalance before: {before} credits, after: {after} credits")
            _require(after < before, "the finished generation was not charged")
    except (OnceError, httpx2.HTTPError, subprocess.CalledProcessError) as error:
        print(f"\nbin/dev --once failed: {error}", file=sys.stderr)
        return 1
    print(f"\nLogins: {EMAIL} / {PASSWORD} (customer), staff@keel.local / staff-password (admin at {base_url}/admin/)")
    return 0


def _log_in(client: httpx2.Client) -> None:
    answer = _submit(client, page="/accounts/login/", fields={"login": EMAIL, "password": PASSWORD})
    _require(answer.status_code == 302, f"the demo login answered {answer.status_code}")


def _run_to_the_end(client: httpx2.Client) -> None:
    address = _start(client, {})
    for _name, data in _stream(client, address):
        sys.stdout.write(_text_of(data))
        sys.stdout.flush()
    page = client.get(address).text
    _require('data-status="succeeded"' in page, "the generation did not succeed")
    text = client.get(f"{address}markdown/").text
    _require(len(text) > 100, "the stored text is too short")
    print(f"\n({len(text)} characters stored)")


def _run_and_stop(client: httpx2.Client) -> None:
    address = _start(client, {"model": SLOW_MODEL})
    stopped = False
    for name, data in _stream(client, address):
        if name == "status":
            print(f"  {data}")
        if name == "status" and data == "running" and not stopped:
            stopped = True
            answer = _submit(client, page=address, fields={}, action=f"{address}cancellation/")
            _require(answer.status_code == 302, f"Stop answered {answer.status_code}")
            print("  Stop pressed")
    _require('data-status="canceled"' in client.get(address).text, "the generation was not stopped")
    print("  canceled")


def _start(client: httpx2.Client, fields: dict[str, str]) -> str:
    answer = _submit(client, page="/generations/new/", fields=INPUTS | fields, action="/generations/")
    _require(answer.status_code == 302, f"starting a generation answered {answer.status_code}: {answer.text[:300]}")
    return str(answer.headers["location"])


def _submit(client: httpx2.Client, *, page: str, fields: dict[str, str], action: str | None = None) -> httpx2.Response:
    """Send a page's form as a browser does: with its own hidden fields."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', client.get(page).text))
    headers = {"Referer": urljoin(str(client.base_url), page)}
    return client.post(action or page, data={**hidden, **fields}, headers=headers)


def _stream(client: httpx2.Client, address: str) -> Iterator[tuple[str, str]]:
    """Yield the events of a generation's stream until `done`."""
    ends_at = time.monotonic() + END_SECONDS
    name, data = "", []
    with client.stream("GET", f"{address}stream/") as response:
        _require(response.status_code == 200, f"the stream answered {response.status_code}")
        for line in response.iter_lines():
            _require(time.monotonic() < ends_at, f"the generation had no end after {END_SECONDS:g} s")
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data.append(line.removeprefix("data: "))
            elif not line and name:
                yield name, "\n".join(data)
                if name == "done":
                    return
                name, data = "", []
    raise OnceError("the stream ended without its last event")


def _text_of(data: str) -> str:
    """Return the text of the blocks that have become final with an event."""
    blocks = re.search(r'<div hx-swap-oob="\w+:#generation-blocks">(.*?)</div><div hx-swap', data, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", blocks[1])) if blocks else ""


def _balance(client: httpx2.Client) -> int:
    shown = re.search(r'data-credits="available"[^>]*>\s*([\d,.\s]+)', client.get("/generations/new/").text)
    _require(shown is not None, "no page shows the balance")
    return int(re.sub(r"\D", "", shown[1]))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise OnceError(otherwise)
