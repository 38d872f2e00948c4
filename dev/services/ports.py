"""Free loopback ports, chosen so that no client's own port can collide with them."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below what Linux (32768) and macOS (49152) give to outgoing connections: a client that keeps knocking on a stopped
# service's port could otherwise be given that very port and end up connected to itself.
_FIRST, _LAST = 20_000, 32_000


def free_port() -> int:
    """Return a loopback port that nobody listens on. Raises RuntimeError when a thousand tries found none."""
    for _ in range(1_000):
        port = random.randint(_FIRST, _LAST)
        if is_free(port):
            return port
    raise RuntimeError(f"No free port between {_FIRST} and {_LAST}.")


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port: nobody answers there, and it can be bound."""
    with socket.socket() as client:
        client.settimeout(1)
        # Asked first, because macOS lets 127.0.0.1 be bound beside a listener on all addresses.
        if client.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
