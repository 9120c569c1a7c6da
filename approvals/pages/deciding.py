"""What is said before a decision is signed, and once it is recorded."""

import json
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import refusals, subjects
from approvals.actions import Decided, Prepared
from approvals.models import SignOff
from approvals.queries import mine
from approvals.statements import challenge
from audit import proofs
from audit.templatetags.ui import short_code
from directory.models import Person
from directory.passkeys import RelyingParty, request_options


def decided(done: Decided, decision: str) -> str:
    """What was decided on what, and what it led to, for the page that comes next."""
    about = subjects.get(done.subject_kind).describe([done.subject_id])[done.subject_id]
    what = {
        "approve": _("You approved “{subject}”."),
        "return": _("You returned “{subject}”.")
        if done.result == "returned"
        else _("You were for returning “{subject}”."),
        "abstain": _("You abstained on “{subject}”."),
    }[decision]
    joined = pgettext("two sentences", "{first} {second}")
    follows = {
        "passed": _("Signed and recorded. The stage has passed."),
        "returned": _("Signed and recorded. It goes back."),
    }.get(done.result, _("Signed and recorded. The others are still asked."))
    if done.acting_for:
        holder = Person.objects.get(pk=done.acting_for)
        follows = joined.format(
            first=_("You acted for {name}.").format(name=holder), second=follows
        )
    link = format_html('<a href="{}">{}</a>', about.url, about.title)
    if done.signed:
        code = short_code(challenge(done.signed))
        signed = _("Your passkey signed it; short code {code}.").format(code=code)
        follows = joined.format(first=follows, second=signed)
    said = format_html(joined, first=format_html(what, subject=link), second=follows)
    return format_html("{} {}", said, receipt_of(done.sign_off_id))


def receipt_of(sign_off: UUID) -> str:
    """Its receipt, or that it comes."""
    entries = mine.entries_of(SignOff.objects.filter(pk=sign_off))
    found = proofs.receipts(entries.values())
    shown = [render_to_string("includes/receipt.html", {"receipt": one}) for one in found]
    return format_html_join(" ", "{}", ([one] for one in shown))


def to_sign(prepared: Prepared, party: RelyingParty) -> dict[str, Any]:
    """What the page shows of a prepared statement, and what it hands to the authenticator.

    Raises NoPasskey where all the person's passkeys are for another address.
    """
    usable = [one for one in prepared.passkeys if one.rp_id == party.id]
    if not usable:
        raise refusals.NoPasskey
    return {
        "prepared": str(prepared.id),
        "options": request_options(party, prepared.challenge, usable),
        "sentence": json.loads(prepared.statement)["meaning"]["text"],
        "code": short_code(prepared.challenge),
        "until": localtime(prepared.expires_at).strftime("%H:%M"),
    }
