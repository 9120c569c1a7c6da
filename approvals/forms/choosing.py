"""The part of a submitter's form in which they choose who signs."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals.choosing import Choice, NotOffered, how_many
from audit.errors import Refused


class ChoosingForm(forms.Form):
    """A field for each stage at which the submitter chooses who signs; none along most routes.

    `chosen` is what a draft kept. `heading` stands above the fields where a page has several forms.
    """

    def __init__(
        self,
        *args: Any,
        choices: Sequence[Choice] = (),
        chosen: Sequence[str] = (),
        heading: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.choices, self.heading = choices, heading
        for one in choices:
            self.fields[_name(one.position)] = forms.MultipleChoiceField(
                label=_("Who signs at “%(stage)s”") % {"stage": one.stage},
                help_text=how_many(one.least),
                choices=[
                    (f"{one.position}:{who.id}", " · ".join(filter(None, [who.name, who.capacity])))
                    for who in one.offers
                ],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                initial=chosen,
                error_messages={"invalid_choice": NotOffered.sentence},
            )

    @property
    def choosing(self) -> list[tuple[forms.BoundField, bool]]:
        """The fields, and whether somebody has to be chosen."""
        return [(self[_name(one.position)], one.least > 0) for one in self.choices]

    @property
    def chosen(self) -> list[str]:
        """Those who were chosen, as a draft keeps them; of a valid form."""
        return [who for one in self.choices for who in self.cleaned_data[_name(one.position)]]


def blame(form: forms.Form, refusal: Refused) -> None:
    """Say why it wasn't submitted: at the choice it is about, or above all fields."""
    name = _name(refusal.params.get("position", 0))
    form.add_error(name if name in form.fields else None, refusal.message)


def _name(position: object) -> str:
    return f"signers-{position}"
