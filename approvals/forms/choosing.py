"""The part of a submitter's form in which they choose who signs."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals.choosing import Choice, NotOffered, how_many
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
