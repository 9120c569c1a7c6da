"""An authenticator in software: answers as a browser would hand them on, each field bendable.

    device = Authenticator()
    device.create(options)             # what navigator.credentials.create() gives, as JSON
    device.get(options)                # what navigator.credentials.get() gives, as JSON
    device.get(options, uv=False, origin="https://evil.example")

`options` are the server's, or None with `challenge=` given. What is bent is bent before it is
signed, so that the signature holds and only the bent field is wrong; `signature`, and everything
passed to `tampered`, is changed after that.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ES256, EDDSA = -7, -8
UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128
Key = ec.EllipticCurvePrivateKey | Ed25519PrivateKey
Answer = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def new_key(algorithm: int) -> Key:
    return ec.generate_private_key(ec.SECP256R1()) if algorithm == ES256 else _ed25519()


def _ed25519() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@dataclass
class Authenticator:
    """One credential of one device."""

    origin: str = "http://localhost"
    rp_id: str = "localhost"
    algorithm: int = ES256
    backup_eligible: bool = False
    backed_up: bool = False
    counts: bool = True
    """Whether its counter grows with each use, as a single device's does."""
    sign_count: int = 0
    aaguid: bytes = bytes(16)
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    user_handle: bytes = b""
    key: Key = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.key = self.key or new_key(self.algorithm)

    # What the browser hands on

    def create(self, options: Mapping[str, Any] | None = None, **bent: Any) -> Answer:
        """Make the credential that `options` ask for and answer about it."""
        if options:
            self.user_handle = unb64(options["user"]["id"])
        client_data = self.client_data("webauthn.create", options, bent)
        data = bent.pop("authenticator_data", None) or self.authenticator_data(
            attested=True, **_taken(bent, "rp_id", "up", "uv", "be", "bs", "sign_count", "cose")
        )
        attestation = {
            "fmt": bent.pop("fmt", "none"),
            "attStmt": bent.pop("att_stmt", {}),
            "authData": data,
        }
        response = {
            "clientDataJSON": b64(client_data),
            "attestationObject": b64(bent.pop("attestation_object", cbor2.dumps(attestation))),
            "transports": ["internal"],
        }
        return self._answer(response, bent)

    def get(self, options: Mapping[str, Any] | None = None, **bent: Any) -> Answer:
        """Answer the challenge of `options`."""
        if self.counts and "sign_count" not in bent:
            self.sign_count += 1
        client_data = self.client_data("webauthn.get", options, bent)
        data = bent.pop("authenticator_data", None) or self.authenticator_data(
            **_taken(bent, "rp_id", "up", "uv", "be", "bs", "sign_count")
        )
        key = bent.pop("key", self.key)
        signature = bent.pop("signature", None) or sign(key, data, client_data)
        handle = bent.pop("user_handle", self.user_handle)
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(signature),
            "userHandle": b64(handle) if handle else None,
        }
        return self._answer(response, bent)

    def _answer(self, response: dict[str, Any], bent: dict[str, Any]) -> Answer:
        credential_id = b64(bent.pop("credential_id", self.credential_id))
        answer = {
            "id": bent.pop("id", credential_id),
            "rawId": credential_id,
            "type": bent.pop("answer_type", "public-key"),
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response | bent.pop("tampered", {}),
        }
        if bent:
            raise TypeError(f"nothing here is called {', '.join(bent)}")
        return answer

    # Its parts

    def client_data(
        self, kind: str, options: Mapping[str, Any] | None, bent: dict[str, Any]
    ) -> bytes:
        if (whole := bent.pop("client_data", None)) is not None:
            return bytes(whole)
        challenge = bent.pop("challenge", None)
        said = {
            "type": bent.pop("type", kind),
            "challenge": b64(challenge) if options is None else options["challenge"],
            "origin": bent.pop("origin", self.origin),
            "crossOrigin": bent.pop("cross_origin", False),
        }
        if challenge is not None:
            said["challenge"] = b64(challenge)
        return json.dumps(said, separators=(",", ":")).encode()

    def authenticator_data(
        self,
        *,
        attested: bool = False,
        rp_id: str | None = None,
        up: bool = True,
        uv: bool = True,
        be: bool | None = None,
        bs: bool | None = None,
        sign_count: int | None = None,
        cose: bytes | None = None,
    ) -> bytes:
        flags = UP * up | UV * uv | AT * attested
        flags |= BE * (self.backup_eligible if be is None else be)
        flags |= BS * (self.backed_up if bs is None else bs)
        data = hashlib.sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags])
        data += (self.sign_count if sign_count is None else sign_count).to_bytes(4, "big")
        if attested:
            data += self.aaguid + len(self.credential_id).to_bytes(2, "big") + self.credential_id
            data += cose or self.public_key
        return data

    @property
    def public_key(self) -> bytes:
        """In COSE form (RFC 9053)."""
        if isinstance(self.key, Ed25519PrivateKey):
            point = self.key.public_key().public_bytes_raw()
            return cbor2.dumps({1: 1, 3: EDDSA, -1: 6, -2: point})
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: x, -3: y})


def sign(key: Key, authenticator_data: bytes, client_data: bytes) -> bytes:
    """The signature over both, as section 6.3.3 of Web Authentication has it."""
    signed = authenticator_data + hashlib.sha256(client_data).digest()
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(signed)
    return key.sign(signed, ec.ECDSA(hashes.SHA256()))


def _taken(bent: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: bent.pop(name) for name in names if name in bent}
