"""The secret part of a link that we mail: random and long, known to the mail alone; here only its digest is kept."""

import hashlib
import secrets

# 256 random bits in the link.
SECRET_BYTES = 32


def new_secret() -> str:
    """Return the secret of a new link, fit for an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret: it is random and long, so a fast digest is as good as a slow one."""
    return hashlib.sha256(secret.encode()).hexdigest()
