"""The form with which an administrator has texts erased."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from audit.erasing import Text

SHOWN = 60
"""Characters of a text: enough to recognise it, for somebody who doesn't read everything."""


class ErasureForm(forms.Form):
    texts = forms.MultipleChoiceField(
        label=_("What is to be erased"), widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Stands in place of the text, and on the record. Don't repeat what goes."),
    )

    def __init__(self, *args: Any, texts: Sequence[Text], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["texts"].choices = [(one.key, label(one)) for one in texts]  # type: ignore[attr-defined]


def label(text: Text) -> str:
    day = date_format(timezone.localtime(text.entry.at), "DATE_FORMAT")
    return f"{day} · {text.kind} · {Truncator(text.text).chars(SHOWN)}"
