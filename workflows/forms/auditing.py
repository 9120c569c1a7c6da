"""Which task or plan an auditor looks at, and as of when."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from approvals.queries.statistics import BY, Period
from directory.models import Unit


class SubjectForm(forms.Form):
    """A task or a plan by its name."""

    q = forms.CharField(label=_("Task or plan"), required=False, max_length=100)


class MomentForm(forms.Form):
    """A day, and a time of that day; its end where no time is given."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput({"type": "date"}))
    time = forms.TimeField(
        label=_("Time"),
        required=False,
        widget=forms.TimeInput({"type": "time", "step": 1}),
    )

    @property
    def moment(self) -> datetime | None:
        """None where nothing fits."""
        return _moment(self.cleaned_data, "day", "time") if self.is_valid() else None


class MomentsForm(forms.Form):
    """Two moments."""

    day = forms.DateField(label=_("First day"), widget=forms.DateInput({"type": "date"}))
    time = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput({"type": "time", "step": 1})
    )
    until_day = forms.DateField(label=_("Second day"), widget=forms.DateInput({"type": "date"}))
    until_time = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput({"type": "time", "step": 1})
    )

    @property
    def moments(self) -> tuple[datetime, datetime] | None:
        """The earlier one first."""
        if not self.is_valid():
            return None
        given = self.cleaned_data
        first, second = _moment(given, "day", "time"), _moment(given, "until_day", "until_time")
        return min(first, second), max(first, second)


def _moment(given: dict[str, Any], day: str, clock: str) -> datetime:
    at: date = given[day]
    return timezone.make_aware(datetime.combine(at, given[clock] or time.max))


DAYS = 90
"""The period where none is given."""
LONGEST = 3660


class PeriodForm(forms.Form):
    """Which days, and signers of which unit."""

    first = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}))
    last = forms.DateField(label=_("To"), widget=forms.DateInput({"type": "date"}))
    unit = forms.ModelChoiceField(
        label=_("Unit"),
        queryset=Unit.objects.none(),
        required=False,
        empty_label=_("All units"),
    )

    def __init__(self, data: Any, *, organisation: UUID, today: date) -> None:
        given = data.copy() if data else {}
        given.setdefault("first", (today - timedelta(days=DAYS)).isoformat())
        given.setdefault("last", today.isoformat())
        super().__init__(given)
        self._organisation, self._today = organisation, today
        units = Unit.objects.filter(organisation=organisation).order_by("pinyin", "name")
        field = self.fields["unit"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = units

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and not (first.year >= 1990 and last.year <= 2200):
            raise forms.ValidationError(_("Choose days from 1990 to 2200."))
        if first and last and not 0 <= (last - first).days <= LONGEST:
            raise forms.ValidationError(
                _("The end lies before the beginning, or more than ten years after it.")
            )
        return given

    @property
    def period(self) -> Period:
        """The usual one where what was given can't be understood; the form then says so."""
        if not self.is_valid():
            usual = self._today - timedelta(days=DAYS)
            return Period(self._organisation, usual, self._today)
        given = self.cleaned_data
        unit = given["unit"].pk if given["unit"] else None
        return Period(self._organisation, given["first"], given["last"], unit)


class BehindForm(forms.Form):
    """Which sign-offs: of one person, post, unit or stage; returned, delegated, signed how."""

    by = forms.ChoiceField(choices=[(one, one) for one in BY], required=False)
    key = forms.UUIDField(required=False)
    principal = forms.UUIDField(required=False)
    decision = forms.ChoiceField(choices=[("return", "")], required=False)
    delegated = forms.BooleanField(required=False)
    evidence = forms.ChoiceField(choices=[("passkey", ""), ("attested", "")], required=False)

    @property
    def conditions(self) -> dict[str, Any]:
        """What narrows the sign-offs; what can't be understood narrows nothing."""
        self.is_valid()
        given = self.cleaned_data
        found: dict[str, Any] = {}
        if given.get("by") and given.get("key"):
            found[BY[given["by"]]] = given["key"]
        if given.get("principal"):
            found["acting_for"] = given["principal"]
        if given.get("decision"):
            found["decision"] = given["decision"]
        if given.get("delegated"):
            found["acting_for__isnull"] = False
        if given.get("evidence") == "passkey":
            found["evidence"] = "passkey"
        elif given.get("evidence"):
            found["evidence__in"] = ["session", "password"]
        return found
