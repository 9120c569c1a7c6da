"""The log's key: outside the database, in a private file that only the worker reads."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from audit.files import write_private
from audit.notes import Key


def private_key(path: Path) -> Ed25519PrivateKey:
    """The installation's key, made on first use. PKCS #8 in PEM, as `openssl genpkey` writes it."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        write_private(path, pem)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} holds no Ed25519 key")
    return key


def verifier(name: str, key: Ed25519PrivateKey) -> Key:
    """What others check its signatures with."""
    return Key(name, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
