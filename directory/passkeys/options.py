"""What a browser asks its devices for, as JSON can hold it. No table is read, no clock."""

from collections.abc import Iterable
from typing import Any

import webauthn
from django.utils.translation import gettext
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from directory.models import Passkey, Person
from directory.passkeys.checks import ALGORITHMS
from directory.passkeys.party import RelyingParty

PATIENCE = 5 * 60 * 1000
"""Milliseconds that a browser waits for its device, as long as the server waits for the browser."""


def creation_options(
    party: RelyingParty, person: Person, challenge: bytes, known: Iterable[Passkey]
) -> dict[str, Any]:
    """The options of `navigator.credentials.create()`, as JSON: a key that its device finds by
    itself and that it uses only once it knows who is there. `known` ones are not made again.
    """
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=gettext("Duban"),
        user_id=person.pk.bytes,
        user_name=person.username,
        user_display_name=person.name,
        challenge=challenge,
        timeout=PATIENCE,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=described(known),
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json_dict(options)


def request_options(
    party: RelyingParty, challenge: bytes, allowed: Iterable[Passkey] = ()
) -> dict[str, Any]:
    """The options of `navigator.credentials.get()`, as JSON; whichever the device knows of where
    none is `allowed` by name.
    """
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=PATIENCE,
        allow_credentials=described(allowed) or None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def described(known: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=bytes(one.credential_id)) for one in known]
