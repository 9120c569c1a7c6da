"""What each kind of notice says. A sentence takes the title of its subject."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "plan.issued": _("“%(title)s” was issued. Confirm that your unit has received it."),
    "plan.amended": _("“%(title)s” was amended. Its page says what is new."),
    "task.amended": _("An amendment of its plan has changed “%(title)s”. Read what it asks now."),
    "task.created": _("New task for your unit: “%(title)s”. Accept it, or say why it isn't yours."),
    "task.reassigned": _("“%(title)s” was given to your unit."),
    "task.declined": _("A unit declined “%(title)s”. Reassign it, or insist with a reason."),
    "task.insisted": _("“%(title)s” stays with your unit; the coordinator says why."),
    "task.closed": _("“%(title)s” is closed."),
    "task.reopened": _("“%(title)s” was opened again. The reason is on its page."),
    "task.cancelled": _("“%(title)s” was cancelled. The reason is on its page."),
    "task.due_date_set": _("“%(title)s” has another deadline."),
    "task.priority_set": _("“%(title)s” has another priority."),
    "contribution.sent": _("A cooperating unit sent its part for “%(title)s”."),
    "work.opened": _("Your decision is asked for: “%(title)s”."),
    "work.lent": _("A decision that you may take for somebody else is asked for: “%(title)s”."),
    "work.advise": _("Your opinion is asked for: “%(title)s”."),
    "work.due_soon": _("Your decision on “%(title)s” is due soon."),
    "work.overdue": _("Your decision on “%(title)s” is overdue."),
    "approval.opinion": _("The opinion that you asked for on “%(title)s” has come."),
    "approval.intervention": _("An administrator wants to move the approval of “%(title)s”."),
    "approval.returned": _("“%(title)s” was returned. The reason is on its page."),
    "approval.passed": _("“%(title)s” was approved at every stage."),
    "extension.returned": _("Your request to extend “%(title)s” was returned."),
    "extension.passed": _("The due date of “%(title)s” was extended."),
    "extension.ended": _("Your request to extend “%(title)s” ended without a decision."),
    "reopening.returned": _("Your request to reopen “%(title)s” was returned."),
    "reopening.ended": _("Your request to reopen “%(title)s” ended without a decision."),
    "passkey.enrolled": _(
        "A passkey was set up for your account. If it was not you, tell your administrator at once."
    ),
    "passkey.waiting": _("%(title)s set up a passkey, which an administrator has to approve."),
    "passkey.approved": _("Your passkey was approved and counts from now on."),
    "passkey.declined": _("Your passkey was declined and does not count."),
    "passkey.revoked": _(
        "A passkey of your account was revoked. If that was not agreed, ask your administrator."
    ),
    "task.due_soon": _("“%(title)s” is due soon."),
    "task.overdue": _("“%(title)s” is overdue."),
    "ledger.broken": _(
        "The verification found that the audit record of %(title)s was changed. Read what it found."
    ),
    "ledger.broken_here": _(
        "The verification found that the audit record of %(title)s was changed. Auditors can read "
        "what it found; have the server's operator look into it at once."
    ),
}
PAGES: Mapping[str, str] = {
    "ledger.broken": "audit_verification",
    "passkey.enrolled": "passkeys",
    "passkey.waiting": "passkey_approvals",
    "passkey.approved": "passkeys",
    "passkey.declined": "passkeys",
    "passkey.revoked": "passkeys",
}
"""Where kinds lead that are not about the page of their subject."""


def because(kind: str) -> str:
    """Why somebody gets a mail about it."""
    if PAGES.get(kind) == "passkeys":
        return gettext("Duban sends this because it concerns your account.")
    return gettext("Duban sends this because of your post.")


def sentence(kind: str, title: str) -> str:
    """The notice in the active language."""
    return str(SENTENCES[kind]) % {"title": title}
