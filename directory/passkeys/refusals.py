"""What an authenticator's answer can lack, each with the sentence that a person reads."""

from django.utils.translation import gettext_lazy as _

from audit.errors import Refused


class PasskeyRefused(Refused):
    """An answer that proves nothing."""

    status = 422
    sentence = _("This passkey could not be checked. Nothing was changed; try again.")


class Unreadable(PasskeyRefused):
    """Bytes that are no answer of an authenticator."""

    sentence = _("What your device answered can't be read. Nothing was changed; try again.")


class OtherQuestion(PasskeyRefused):
    """An answer to another challenge, or to another kind of question."""

    sentence = _("Your device answered another question than was asked. Start again.")


class WrongOrigin(PasskeyRefused):
    """An answer given at another address."""

    sentence = _(
        "This answer was given at %(origin)s, but the passkey belongs to %(expected)s. Open Duban "
        "there; if you did not do this yourself, tell your administrator."
    )


class WrongSite(PasskeyRefused):
    """An authenticator that answered for another site."""

    sentence = _("This passkey was made for another site than %(site)s, so it doesn't count here.")


class NobodyThere(PasskeyRefused):
    """Without the user-present flag."""

    sentence = _("Your device did not say that somebody was there. Touch it when it asks.")


class NotVerified(PasskeyRefused):
    """Without the user-verified flag."""

    sentence = _(
        "Your device did not check that it is you. Switch on its PIN, fingerprint or face, then "
        "try again."
    )


class WrongSignature(PasskeyRefused):
    """A signature by another key, or over other bytes."""

    sentence = _("The signature does not belong to this passkey. Nothing was changed.")


class UnusableKey(PasskeyRefused):
    """A key of a kind that could not be verified later."""

    sentence = _(
        "Your device offers a kind of key that Duban can't check later. Use another device, or "
        "a newer one."
    )


class OtherNature(PasskeyRefused):
    """A key that became syncable, or ceased to be."""

    sentence = _(
        "Your device now says something else about this passkey than when it was set up. Revoke "
        "it and set up a new one."
    )
