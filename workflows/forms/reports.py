"""The editor of reports and contributions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals.forms.choosing import ChoosingForm

LONGEST_TEXT = 100_000


class WritingForm(ChoosingForm):
    """What a unit writes. `revision` is the draft's that was shown; it comes back unseen.

    A draft may be kept without words: the action that sends it asks for them.
    """

    use_required_attribute = False
    text = forms.CharField(
        label=_("Report"),
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16}),
    )
    percent = forms.IntegerField(
        label=_("Percent done"),
        min_value=0,
        max_value=100,
        initial=0,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    answer = forms.CharField(
        label=_("Answer to the return"),
        help_text=_("What you changed since. Whoever returned the report sees it first."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    without_units_reason = forms.CharField(
        label=_("Why without these units"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, leads: bool, answers: bool = False, silent: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = not self.is_bound
        if leads:
            self.fields["text"].help_text = _(
                "Say what was done, by whom, and what is left. Headings begin with 一、 or 1."
            )
        else:
            del self.fields["percent"]
            self.fields["text"].label = _("Your unit's part")
        if not answers:
            del self.fields["answer"]
        if not silent:
            del self.fields["without_units_reason"]

    def words(self) -> dict[str, Any]:
        """What `save_draft` takes."""
        data = self.cleaned_data
        return {
            "text": data["text"].replace("\r\n", "\n"),
            "percent": data.get("percent", 0),
            "answer": data.get("answer", ""),
            "without_units_reason": data.get("without_units_reason", ""),
            "chosen": self.chosen,
            "revision": data["revision"],
        }
