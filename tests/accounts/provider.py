"""A provider that vouches for people, here: speaks OAuth as GitHub and Google do, and checks what it is sent."""

import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

CLIENT_ID, CLIENT_SECRET = "client", "client-secret"


@dataclass
class Provider:
    """Whom it vouches for (`profile`, `emails`), and what it was asked."""

    profile: dict[str, Any] = field(default_factory=dict)
    emails: list[dict[str, Any]] = field(default_factory=list)
    base_url: str = ""
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    is_broken: bool = False

    def grant(self, address: str) -> str:
        """Say yes at the page that a browser was sent to; return the address that it is sent back to."""
        asked = _query(urlsplit(address).query)
        code = secrets.token_hex(8)
        self.asked[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': asked['state']})}"

    def answer(self, path: str, sent: dict[str, str], token: str) -> tuple[int, Any]:
        """Return status and body of a request of the product's server."""
        if self.is_broken:
            return 500, {}
        if path == "/token":
            return self._exchange(sent)
        if token.split()[-1:] != ["the-token"]:
            return 401, {}
        return 200, self.emails if path == "/user/emails" else self.profile

    def _exchange(self, sent: dict[str, str]) -> tuple[int, Any]:
        asked = self.asked.pop(sent.get("code", ""), None)
        expected = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "authorization_code"}
        if asked is None or any(sent.get(name) != value for name, value in expected.items()):
            return 400, {"error": "invalid_grant"}
        challenge = urlsafe_b64encode(sha256(sent.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if (challenge, sent["redirect_uri"]) != (asked.get("code_challenge"), asked["redirect_uri"]):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "the-token", "token_type": "bearer", "id_token": self._id_token()}

    def _id_token(self) -> str:
        claims = {"iss": "https://accounts.google.com", "aud": CLIENT_ID, "exp": int(time.time()) + 60}
        return jwt.encode(claims | self.profile, "x" * 32, algorithm="HS256")


@contextmanager
def running() -> Iterator[Provider]:
    """Run a provider for the length of a block."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(_query(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def _answer(self, sent: dict[str, str]) -> None:
            status, body = provider.answer(self.path, sent, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


def _query(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
