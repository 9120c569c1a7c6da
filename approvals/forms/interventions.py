"""What one administrator proposes to a second."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from approvals.actions.turns import NOTE_LIMIT
from approvals.models import Intervention
from directory.forms.keeping import PersonField

Kind = Intervention.Kind


class InterventionForm(forms.Form):
    """Give a seat that nobody can fill to a person, or send the subject back; and why."""

    kind = forms.ChoiceField(label=_("What is to happen"), widget=forms.RadioSelect)
    work_item = forms.ChoiceField(
        label=_("The seat"),
        help_text=_("Only where a seat is given to somebody."),
        required=False,
    )
    person = PersonField(label=_("Who takes the seat"), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The second administrator and everybody with a part in it read this."),
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self, data: Any, *, organisation_id: UUID, seats: Sequence[tuple[str, str]], at: datetime
    ) -> None:
        super().__init__(data)
        kinds = Kind.choices if seats else [(Kind.SEND_BACK.value, Kind.SEND_BACK.label)]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        if seats:
            first = ("", pgettext("a list to choose from", "Choose"))
            self.fields["work_item"].choices = [first, *seats]  # type: ignore[attr-defined]
            person: Any = self.fields["person"]
            person.offer(organisation_id, at)
            person.empty_label = first[1]
        else:
            del self.fields["work_item"], self.fields["person"]

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if asked.get("kind") == Kind.RESEAT:
            for name in ("work_item", "person"):
                if not asked.get(name) and name not in self.errors:
                    self.add_error(name, _("Choose one: a seat goes to a person."))
        return asked

    @property
    def proposal(self) -> dict[str, Any]:
        """What the action takes."""
        asked = self.cleaned_data
        if asked["kind"] != Kind.RESEAT:
            return {"kind": asked["kind"], "reason": asked["reason"]}
        return {
            "kind": asked["kind"],
            "reason": asked["reason"],
            "work_item_id": UUID(asked["work_item"]),
            "person": asked["person"],
        }
