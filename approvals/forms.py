"""The form of a decision."""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals import rules
from approvals.actions import COMMENT_LIMIT
from approvals.choosing import Choice, NotOffered, how_many
from approvals.models import SignOff
from approvals.queries import Review
from audit.errors import Refused


class ChoosingForm(forms.Form):
    """A field for each stage at which the submitter chooses who signs; none along most routes."""

    def __init__(self, *args: Any, choices: Sequence[Choice] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices
        for one in choices:
            self.fields[_name(one.position)] = forms.MultipleChoiceField(
                label=_("Who signs at “%(stage)s”") % {"stage": one.stage},
                help_text=how_many(one.least),
                choices=[
                    (str(o.id), " · ".join(filter(None, [o.name, o.capacity]))) for o in one.offers
                ],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                error_messages={"invalid_choice": NotOffered.sentence},
            )

    @staticmethod
    def kept(chosen: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """What was chosen, as the form's initial values."""
        return {_name(stage): ids for stage, ids in chosen.items()}

    @property
    def choosing(self) -> list[tuple[forms.BoundField, bool]]:
        """The fields, and whether somebody has to be chosen."""
        return [(self[_name(one.position)], one.least > 0) for one in self.choices]

    @property
    def chosen(self) -> dict[str, list[str]]:
        """The ids of those who were chosen, by position of the stage; of a valid form."""
        given = {str(one.position): self.cleaned_data[_name(one.position)] for one in self.choices}
        return {stage: ids for stage, ids in given.items() if ids}

    def blame(self, refusal: Refused) -> None:
        """Say why it wasn't submitted: at the field it is about, or above all of them."""
        name = _name(refusal.params.get("position", 0))
        self.add_error(name if name in self.fields else None, refusal.message)


def _name(position: object) -> str:
    return f"signers-{position}"


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

    def clean_seen_digest(self) -> bytes:
        try:
            return bytes.fromhex(self.cleaned_data["seen_digest"])
        except ValueError:
            raise forms.ValidationError(_("Open the page again: it was sent damaged.")) from None
