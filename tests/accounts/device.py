"""A device that holds passkeys, in software: it signs what a real one signs, and may be told to cheat."""

import json
import secrets
import struct
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode

PRESENT, VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40
NO_MODEL = bytes(16)


@dataclass
class Device:
    """Answers what a browser would; `origin` is where the page says that it is, `checks_person` its finger or PIN."""

    host: str = "localhost"
    origin: str = "http://localhost"
    checks_person: bool = True
    user_handle: str = ""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict) -> str:
        """Answer navigator.credentials.create()."""
        asked = options["publicKey"]
        self.user_handle = asked["user"]["id"]
        public_key = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        credential = NO_MODEL + struct.pack(">H", len(self.credential_id)) + self.credential_id + public_key
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(HAS_CREDENTIAL) + credential}
        return self._answer("webauthn.create", asked, attestationObject=websafe_encode(cbor.encode(attestation)))

    def get(self, options: dict) -> str:
        """Answer navigator.credentials.get()."""
        asked = options["publicKey"]
        data, client = self._data(), self._client_data("webauthn.get", asked)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            "webauthn.get",
            asked,
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(signature),
            userHandle=self.user_handle,
        )

    def _data(self, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.checks_person else 0)
        return sha256(self.host.encode()).digest() + struct.pack(">BI", flags, 0)

    def _client_data(self, kind: str, asked: dict) -> bytes:
        return json.dumps({"type": kind, "challenge": asked["challenge"], "origin": self.origin}).encode()

    def _answer(self, kind: str, asked: dict, **response: str) -> str:
        name = websafe_encode(self.credential_id)
        response["clientDataJSON"] = websafe_encode(self._client_data(kind, asked))
        results = {"credProps": {"rk": True}} if kind == "webauthn.create" else {}
        answer = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps(answer | {"clientExtensionResults": results})
