"""Which task or plan an auditor looks at, and as of when."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


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
