from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit import reading
from audit.queries import Wanted


class EntryFilter(forms.Form):
    """Which entries to show. What can't be understood narrows nothing, and says so."""

    q = forms.CharField(label=_("Name, title or number"), required=False, max_length=100)
    kind = forms.ChoiceField(label=_("What happened"), required=False)
    first = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}))
    subject = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = sorted(reading.reader().kinds.items(), key=lambda item: item[0])
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [("", _("Everything")), *kinds]

    @property
    def is_narrowed(self) -> bool:
        return self.wanted() != Wanted()

    def wanted(self) -> Wanted:
        self.is_valid()
        given = self.cleaned_data
        return Wanted(
            words=given.get("q", "").strip(),
            kind=given.get("kind", ""),
            first=given.get("first"),
            last=given.get("last"),
            subject=given.get("subject", ""),
        )


class ProofForm(forms.Form):
    """A proof as a file or as text."""

    LIMIT = 64 * 1024

    file = forms.FileField(label=_("Proof file"), required=False)
    pasted = forms.CharField(
        label=_("Or its text"),
        required=False,
        max_length=LIMIT,
        strip=False,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        file = given.get("file")
        if file and file.size > self.LIMIT:
            raise forms.ValidationError(_("A proof is never longer than 64 KB."))
        try:
            text = file.read().decode() if file else given.get("pasted", "")
        except UnicodeDecodeError:
            raise forms.ValidationError(_("This file is no text, so it is no proof.")) from None
        if not text.strip():
            raise forms.ValidationError(_("Choose a proof file, or paste its text."))
        return {**given, "text": text}
