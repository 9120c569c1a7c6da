"""What a decision says when it isn't taken."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.errors import Refused


class NotYourItem(Refused):
    """The person has no right to the seat, or has lost it since the page was shown."""

    status = 403
    sentence = _("%(reason)s So you can't decide here.")


class OwnWork(Refused):
    """Submitter and authors are barred, and whoever acts for them, administrators included."""

    status = 403
    sentence = _(
        "You wrote or submitted this, or act for somebody who did. Somebody else has to decide."
    )


class OneSeat(Refused):
    """One person fills one seat of a stage, delegations included."""

    status = 403
    sentence = _(
        "You or the person you act for have a say in this stage already, and it counts once."
    )


class OwnSeatFirst(Refused):
    """Deciding for somebody else would leave one's own seat to nobody."""

    status = 403
    sentence = _(
        "You are asked in this stage in your own post: decide there. "
        "Whoever you act for decides here."
    )


class OnlyAnOpinion(Refused):
    """Somebody who is consulted has no vote."""

    status = 403
    sentence = _("You were asked for your opinion. Whoever asked you decides.")


class DeactivatedPerson(Refused):
    """The account was switched off while the page was open."""

    status = 403
    sentence = _("Your account has been deactivated, so nothing was signed.")


class StageClosed(Refused):
    """The seat isn't asked any more."""

    sentence = _("Nothing was signed: %(what)s")


class NotYourTurn(Refused):
    """Somebody else is asked first: the stage goes in order, or a signer was added before."""

    sentence = _("Somebody else decides first; it is your turn afterwards.")


class ContentChanged(Refused):
    """What was shown is not what would be signed; `changes` says what differs."""

    sentence = _("What you were looking at has changed since, so nothing was signed.")

    def __init__(self, changes: Sequence[Any] = ()) -> None:
        super().__init__()
        self.changes = changes


class ReasonRequired(Refused):
    """A return says why."""

    status = 422
    sentence = _("Say why you return it: the submitter has to know what to change.")


class UnknownDecision(Refused):
    """Neither approve nor return nor abstain, or a target that the stage doesn't allow."""

    status = 422
    sentence = _("Choose one of the decisions shown.")


class LeavesNobody(Refused):
    """An abstention after which nobody could approve."""

    status = 422
    sentence = _(
        "If you abstained too, nobody would be left to approve. Approve it or return it instead."
    )


class OutOfReach(Refused):
    """The electorate is too small for the quorum."""

    sentence = _(
        "This stage asks fewer people than it needs approvals, so it can only be returned. "
        "Tell an administrator."
    )


class StrongerProof(Refused):
    """The stage wants a password or a passkey: `evidence` says which."""

    status = 403
    sentence = _("This stage asks you to prove who you are once more.")


class NoPasskey(Refused):
    """The stage wants a passkey, and the person has none in force."""

    status = 403
    sentence = _(
        "This stage asks you to sign with a passkey, and you have none that counts yet. Set one up"
        " in your account, then decide here; if it has to be approved, wait for that first."
    )


class PasskeyOnly(Refused):
    """The decision came without a passkey's signature to a stage that wants one."""

    status = 403
    sentence = _(
        "This stage is signed with a passkey only, so nothing was signed. Go back, choose your"
        " decision and sign with your passkey; that needs a browser with scripts."
    )


class NotPrepared(Refused):
    """No such statement waits for this person at this item: used, replaced, or never there."""

    sentence = _(
        "This signature was prepared anew elsewhere or has been used, so nothing was signed."
        " Open the page again and sign there."
    )


class PreparedTooLongAgo(Refused):
    """A prepared statement waits five minutes."""

    sentence = _(
        "More than %(minutes)s minutes went by before the passkey answered, so nothing was signed."
        " Sign again."
    )


class NotAsPrepared(Refused):
    """What is sent, or what is true by now, isn't what the statement says."""

    sentence = _(
        "What you were about to sign is not what you send now, so nothing was signed. Read it once"
        " more and sign again."
    )


class NotYourPasskey(Refused):
    """Somebody else's, unknown here, revoked, or not approved yet."""

    status = 403
    sentence = _(
        "This passkey doesn't count for you: it was revoked, waits for approval, or isn't yours."
        " Nothing was signed."
    )


class CommentTooLong(Refused):
    """A comment beyond what the page takes."""

    status = 422
    sentence = _("The comment has more than %(limit)s characters. Shorten it.")


class KeyReused(Refused):
    """The same idempotency key with another request."""

    status = 422
    stands = True
    sentence = _(
        "You sent this form before: %(did)s That stands, and what you sent now was not taken."
    )


class NotAsShown(Refused):
    """A form that this product didn't write, or that was damaged on the way."""

    status = 422
    sentence = _("This form is incomplete or too long. Open the page again and decide there.")


class NotAllowedHere(Refused):
    """The stage doesn't let its signers ask others."""

    status = 403
    sentence = _("This stage doesn't allow that. An administrator can publish a route that does.")


class NotEligible(Refused):
    """Nobody who could decide here."""

    status = 422
    sentence = _(
        "%(name)s can't be asked here: the account is closed, or the report is their own work."
    )


class AlreadyAsked(Refused):
    """One person fills one seat."""

    sentence = _("%(name)s is asked in this stage already.")


class HadIt(Refused):
    """A turn that was handed on doesn't come back."""

    sentence = _("%(name)s had this before and handed it on, so it can't go back.")


class NoteRequired(Refused):
    """Asking, handing on, taking back and answering all need words."""

    status = 422
    sentence = _("Write a few words: the record has to say why.")


class NotYourDecision(Refused):
    """Only whoever signed can take it back."""

    status = 403
    sentence = _("Only the person who took this decision can take it back.")


class TooLate(Refused):
    """Something followed from the decision."""

    sentence = _(
        "This decision can't be taken back any more: the stage has ended, or others have acted"
        " since."
    )


class NotStuck(Refused):
    """Nothing there that an intervention could move."""

    sentence = _("There is no undecided seat here that could be given to somebody else.")


class InterventionPending(Refused):
    """One at a time."""

    sentence = _("Another intervention waits to be confirmed or declined first.")


class AlreadySettled(Refused):
    """Somebody was quicker."""

    sentence = _("This intervention has been confirmed or declined already.")


class SecondPerson(Refused):
    """Whoever proposes it, and whoever gets the seat, can't confirm it."""

    status = 403
    sentence = _("Another administrator has to confirm this.")
