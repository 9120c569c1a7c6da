"""Passkeys as a matter of bytes: what devices are asked, and what their answers must say."""

from directory.passkeys.checks import (
    ALGORITHMS,
    Assertion,
    Enrolled,
    check_assertion,
    check_registration,
    read_assertion,
    registration_challenge,
)
from directory.passkeys.options import creation_options, request_options
from directory.passkeys.party import (
    NoPasskeysHere,
    OnlyByName,
    OnlyThere,
    RelyingParty,
    relying_party,
)
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

__all__ = [
    "ALGORITHMS",
    "Assertion",
    "Enrolled",
    "NoPasskeysHere",
    "NobodyThere",
    "NotVerified",
    "OnlyByName",
    "OnlyThere",
    "OtherNature",
    "OtherQuestion",
    "PasskeyRefused",
    "RelyingParty",
    "Unreadable",
    "UnusableKey",
    "WrongOrigin",
    "WrongSignature",
    "WrongSite",
    "check_assertion",
    "check_registration",
    "creation_options",
    "read_assertion",
    "registration_challenge",
    "relying_party",
    "request_options",
]
