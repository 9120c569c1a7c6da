"""The forms of an amendment."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from workflows.actions.amendments import ItemText
from workflows.forms.parties import MeasureForm, initial_of
from workflows.models import AmendmentItem, Measure, Priority
from workflows.parties import Part, Parties

LONGEST_TEXT = 20_000
Kind = AmendmentItem.Kind


class AmendmentForm(forms.Form):
    """The head of an amendment."""

    title = forms.CharField(label=_("Title"), max_length=300)
    document_number = forms.CharField(label=_("Document number"), max_length=100, required=False)
    reason = forms.CharField(
        label=_("Why the plan is amended"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Approvers and the units concerned read it."),
    )


class ItemForm(MeasureForm):
    """One thing that an amendment does: a measure added, changed or ended."""

    kind = forms.ChoiceField(
        label=_("What it does"), choices=Kind, widget=forms.RadioSelect, initial=Kind.ADD
    )
    measure = forms.ChoiceField(
        label=_("Measure"),
        required=False,
        help_text=_("Which one is changed or ended; leave it empty for a new one."),
    )
    number = forms.CharField(label=_("Number of a new measure"), max_length=20, required=False)
    heading = forms.CharField(label=_("Heading"), max_length=300, required=False)
    text = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What it asks from now on. A measure that ends needs none."),
    )
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority, required=False)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed where a measure ends: its units read it."),
    )
    field_order = ("kind", "measure", "number", "heading", "text")

    def __init__(self, *args: Any, measures: Sequence[Measure], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = [(str(one.pk), f"{one.number} {one.heading}".strip()) for one in measures]
        self.fields["measure"].choices = [("", "–"), *there]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("kind") != Kind.END:
            data = super().clean()
            for name in ("heading", "text"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("A measure that is added or changed needs this."))
        elif not data.get("reason"):
            self.add_error("reason", _("Say why the measure ends."))
        if data.get("kind") in (Kind.CHANGE, Kind.END) and not data.get("measure"):
            self.add_error("measure", _("Choose the measure."))
        return data

    def item(self, group: str) -> ItemText:
        """What was typed; `group` is the printed name of those with a task of their own."""
        data = self.cleaned_data
        ends = data["kind"] == Kind.END
        return ItemText(
            kind=data["kind"],
            measure=UUID(data["measure"]) if data["measure"] else None,
            number=data["number"],
            heading=data["heading"],
            text=data["text"],
            due_date=data["due_date"],
            priority=data["priority"] or "normal",
            parties=None if ends else self.parties(group),
            reason=data["reason"],
        )


def parties_of(one: AmendmentItem | Measure) -> Parties:
    return Parties.of([Part.from_dict(part) for part in one.parties])


def initial_of_item(kind: str, one: AmendmentItem | Measure | None) -> dict[str, Any]:
    """An item as the form shows it at first, or a measure that is to be changed or ended."""
    if one is None:
        return {"kind": kind, "priority": "normal"}
    due = one.due_date.isoformat() if one.due_date else None
    return {
        **initial_of(one.heading, due, parties_of(one), one.priority),
        "kind": one.kind if isinstance(one, AmendmentItem) else kind,
        "measure": str((one.measure_id if isinstance(one, AmendmentItem) else one.pk) or ""),
        "number": one.number,
        "text": one.text,
        "reason": one.reason if isinstance(one, AmendmentItem) else "",
    }
