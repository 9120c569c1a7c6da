"""Checking what an authenticator says (Web Authentication, Level 3). No table, no clock.

The library parses and verifies. Before it does, everything that can be wrong is looked for by name,
so that a person reads which it was; the library has the last word.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

import webauthn
from cryptography.exceptions import InvalidSignature
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_cbor,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AuthenticatorData

from audit.errors import Refused
from directory.passkeys.party import RelyingParty
from directory.passkeys.refusals import (
    NobodyThere,
    NotVerified,
    OtherNature,
    OtherQuestion,
    PasskeyRefused,
    Unreadable,
    UnusableKey,
    WrongOrigin,
    WrongSignature,
    WrongSite,
)

ALGORITHMS = [COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.EDDSA]
"""Those that `audit/verify.py` checks without a library: ES256 on P-256, and Ed25519."""
LONGEST_CREDENTIAL_ID = 1023
LONGEST_PART = 8192
"""Bytes of any part of an answer; real ones have a few hundred."""


@dataclass(frozen=True)
class Enrolled:
    """A new credential, as checked."""

    credential_id: bytes
    public_key: bytes
    algorithm: int
    aaguid: UUID
    backup_eligible: bool
    backed_up: bool
    sign_count: int


class Key(Protocol):
    """What of a passkey an assertion is checked against: the model, or anything like it."""

    @property
    def public_key(self) -> Any: ...
    @property
    def rp_id(self) -> str: ...
    @property
    def origins(self) -> Sequence[str]: ...
    @property
    def backup_eligible(self) -> bool: ...


@dataclass(frozen=True)
class Assertion:
    """An authenticator's answer, read but not yet checked."""

    answer: Mapping[str, Any]
    credential_id: bytes
    user_handle: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes

    @cached_property
    def data(self) -> AuthenticatorData:
        with unreadable():
            return parse_authenticator_data(self.authenticator_data)

    @property
    def challenge(self) -> bytes:
        return challenge_of(self.client_data)

    @property
    def sign_count(self) -> int:
        return self.data.sign_count

    @property
    def backed_up(self) -> bool:
        return self.data.flags.bs


def read_assertion(answer: object) -> Assertion:
    """What `navigator.credentials.get()` gave, as JSON. Raises Unreadable."""
    with unreadable():
        if not isinstance(answer, dict):
            raise Unreadable
        read = parse_authentication_credential_json(answer)
        response = read.response
        if bytes_to_base64url(read.raw_id) != read.id:
            raise Unreadable
        parts = (response.authenticator_data, response.client_data_json, response.signature)
        if max(map(len, parts)) > LONGEST_PART:
            raise Unreadable
        assertion = Assertion(answer, read.raw_id, response.user_handle or b"", *parts)
        assertion.data  # noqa: B018 - read now, so that it is known to be readable
        return assertion


def check_assertion(assertion: Assertion, *, challenge: bytes, key: Key) -> None:
    """That this key's holder, verified by the device, answered exactly this challenge at one of
    the addresses the key was set up for.

    Raises OtherQuestion, WrongOrigin, WrongSite, NobodyThere, NotVerified, OtherNature,
    WrongSignature, Unreadable. The counter may stand still or fall back: synced keys have none.
    """
    _check_client_data(assertion.client_data, "webauthn.get", challenge, key.origins)
    _check_flags(assertion.data, key.rp_id)
    if assertion.data.flags.be != key.backup_eligible:
        raise OtherNature
    with unreadable(WrongSignature):
        webauthn.verify_authentication_response(
            credential=dict(assertion.answer),
            expected_challenge=challenge,
            expected_rp_id=key.rp_id,
            expected_origin=list(key.origins),
            credential_public_key=bytes(key.public_key),
            credential_current_sign_count=-1,  # below whatever it says: growth isn't asked for
            require_user_verification=True,
        )


def registration_challenge(answer: object) -> bytes:
    """Which challenge an answer of `navigator.credentials.create()` says it answers."""
    with unreadable():
        if not isinstance(answer, dict):
            raise Unreadable
        return challenge_of(parse_registration_credential_json(answer).response.client_data_json)


def check_registration(answer: object, *, challenge: bytes, party: RelyingParty) -> Enrolled:
    """The new credential in what `navigator.credentials.create()` gave, as JSON.

    Raises what `check_assertion` raises, and UnusableKey.
    """
    with unreadable():
        if not isinstance(answer, dict):
            raise Unreadable
        read = parse_registration_credential_json(answer)
        response = read.response
        if max(len(response.client_data_json), len(response.attestation_object)) > LONGEST_PART:
            raise Unreadable
    _check_client_data(response.client_data_json, "webauthn.create", challenge, party.origins)
    with unreadable():
        data = parse_attestation_object(response.attestation_object).auth_data
        attested = data.attested_credential_data
        if attested is None or not 0 < len(attested.credential_id) <= LONGEST_CREDENTIAL_ID:
            raise Unreadable
        if attested.credential_id != read.raw_id:
            raise Unreadable
    _check_flags(data, party.id)
    algorithm = usable_algorithm(attested.credential_public_key)
    with unreadable():
        verified = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        return Enrolled(
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            algorithm=algorithm,
            aaguid=UUID(verified.aaguid),
            backup_eligible=data.flags.be,
            backed_up=data.flags.bs,
            sign_count=verified.sign_count,
        )


def usable_algorithm(public_key: bytes) -> int:
    """The algorithm of a COSE key that is exactly one of ours: a point on P-256, or Ed25519.

    Raises UnusableKey.
    """
    with unreadable(UnusableKey):
        fields = parse_cbor(public_key)
        algorithm: int = fields[3]
        shape = {key: value for key, value in fields.items() if not isinstance(value, bytes)}
        if shape not in ({1: 2, 3: -7, -1: 1}, {1: 1, 3: -8, -1: 6}):
            raise UnusableKey
        wanted = {-2, -3} if algorithm == COSEAlgorithmIdentifier.ECDSA_SHA_256 else {-2}
        numbers = {key: len(value) for key, value in fields.items() if isinstance(value, bytes)}
        if numbers != dict.fromkeys(wanted, 32):
            raise UnusableKey
        decoded_public_key_to_cryptography(decode_credential_public_key(public_key))
        return algorithm


def challenge_of(client_data: bytes) -> bytes:
    """Raises Unreadable."""
    with unreadable():
        return base64url_to_bytes(_client_data(client_data)["challenge"])


def _client_data(data: bytes) -> dict[str, str]:
    found = json.loads(data)
    if not all(isinstance(found[name], str) for name in ("type", "challenge", "origin")):
        raise Unreadable
    return found  # type: ignore[no-any-return]


def _check_client_data(data: bytes, kind: str, challenge: bytes, origins: Sequence[str]) -> None:
    with unreadable():
        said: Mapping[str, Any] = _client_data(data)
    if said["type"] != kind or said["challenge"] != bytes_to_base64url(challenge):
        raise OtherQuestion
    if said["origin"] not in origins or said.get("crossOrigin"):
        raise WrongOrigin(origin=said["origin"][:100], expected=", ".join(origins))


def _check_flags(data: AuthenticatorData, rp_id: str) -> None:
    if data.rp_id_hash != hashlib.sha256(rp_id.encode()).digest():
        raise WrongSite(site=rp_id)
    if not data.flags.up:
        raise NobodyThere
    if not data.flags.uv:
        raise NotVerified
    if data.flags.bs and not data.flags.be:
        raise Unreadable


@contextmanager
def unreadable(refusal: type[PasskeyRefused] = Unreadable) -> Iterator[None]:
    """Whatever a parser or the library stumbles over is the sender's fault, and says so."""
    try:
        yield
    except Refused:
        raise
    except InvalidSignature as error:
        raise WrongSignature from error
    except Exception as error:  # hostile bytes find every way to fail that there is
        raise refusal from error
