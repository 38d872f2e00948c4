"""What differs between protocols outside of a call's events: the key, the id of a response, the shape of an error."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dev.model_server.wire import RefusalError


@dataclass(frozen=True)
class Dialect:
    """One protocol."""

    path: str
    id_header: str
    key_header: str
    key_pattern: str
    error_body: Callable[[RefusalError], dict[str, Any]]

    def find_key(self, headers: dict[str, str]) -> str | None:
        """Return the key that a request brings."""
        found = re.fullmatch(self.key_pattern, headers.get(self.key_header, ""), re.IGNORECASE)
        return found[1] if found else None


CHAT = Dialect(
    path="chat/completions",
    id_header="x-request-id",
    key_header="authorization",
    key_pattern=r"Bearer +(\S+)",
    error_body=lambda refusal: refusal.body,
)
