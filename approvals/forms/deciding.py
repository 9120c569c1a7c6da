"""The form of a decision."""

import json
from typing import Self
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals import rules
from approvals.actions import COMMENT_LIMIT, Signature
from approvals.models import SignOff
from approvals.queries import Review
from directory.passkeys import Assertion, Unreadable, read_assertion

LONGEST_ANSWER = 2000
"""Bytes of a device's answer: it goes into the ledger entry, which has an end."""
EARLIEST_WINS = _("Where several people return it, the earliest place that anybody names wins.")


class DecideForm(forms.Form):
    """What a person decides, and what the page showed them when they did.

    `seen_digest` and `seen` bind the decision to the page, `idempotency_key` makes sending it twice
    the same as sending it once, `next` is where to go afterwards.
    """

    decision = forms.ChoiceField(choices=SignOff.Decision)
    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=COMMENT_LIMIT, widget=forms.Textarea
    )
    # The action says under the lock which targets the stage allows.
    target = forms.IntegerField(label=_("Returns to"), required=False, min_value=0)
    password = forms.CharField(
        label=_("Your password"),
        help_text=_("This stage asks for it again before you sign."),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    # Filled in by static/js/signing.js once a passkey has answered to the prepared statement.
    prepared = forms.UUIDField(widget=forms.HiddenInput, required=False)
    assertion = forms.CharField(widget=forms.HiddenInput, required=False, max_length=6000)
    seen_digest = forms.CharField(widget=forms.HiddenInput, min_length=64, max_length=64)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=90)
    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    next = forms.CharField(widget=forms.HiddenInput, required=False, max_length=500)

    @classmethod
    def for_review(cls, review: Review, *, next: str = "") -> Self:
        """An empty form for the page that shows `review`, with a key of its own."""
        form = cls(
            initial={
                "seen_digest": review.digest.hex(),
                "seen": str(review.head),
                "idempotency_key": uuid4(),
                "next": next,
                "comment": review.draft,
            }
        )
        targets = review.targets
        if len(targets) > 1:
            several = len(review.stage.seats) > 1
            form.fields["target"] = forms.ChoiceField(
                label=_("Returns to"),
                choices=[(one.position, one.then) for one in targets],
                initial=rules.SUBMITTER,
                widget=forms.RadioSelect,
                help_text=EARLIEST_WINS if several else "",
            )
        else:
            del form.fields["target"]
        if review.evidence == "password":
            form.fields["password"].required = True
        else:
            del form.fields["password"]
        return form

    def clean_assertion(self) -> Assertion | None:
        if not self.cleaned_data["assertion"]:
            return None
        try:
            found = read_assertion(json.loads(self.cleaned_data["assertion"]))
            parts = (found.credential_id, found.authenticator_data, found.client_data)
            if sum(map(len, parts)) + len(found.signature) > LONGEST_ANSWER:
                raise Unreadable
        except (ValueError, RecursionError, Unreadable) as error:
            raise forms.ValidationError(str(Unreadable())) from error
        return found

    @property
    def signature(self) -> Signature | None:
        """What the passkey answered, where the person signed with one."""
        prepared, answer = self.cleaned_data["prepared"], self.cleaned_data["assertion"]
        return Signature(prepared, answer) if prepared and answer else None

    def clean_seen_digest(self) -> bytes:
        try:
            return bytes.fromhex(self.cleaned_data["seen_digest"])
        except ValueError:
            raise forms.ValidationError(_("Open the page again: it was sent damaged.")) from None
