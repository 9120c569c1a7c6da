from collections.abc import Iterable
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit import reading
from audit.codes import Code
from audit.search import grams, listing
from audit.search.listing import Wanted


class EntryFilter(forms.Form):
    """Which entries to show. What can't be understood narrows nothing, and says so."""

    q = forms.CharField(
        label=_("Words, names, titles or numbers"),
        required=False,
        max_length=grams.LONGEST,
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=_("What happened"), required=False)
    unit = forms.ChoiceField(label=_("In the capacity of"), required=False)
    evidence = forms.ChoiceField(
        label=pgettext_lazy("evidence of a sign-off", "Evidence"), required=False
    )
    first = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}))
    subject = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    person = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, organisation: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = reading.reader()
        kinds = sorted(
            ((code, str(word)) for code, word in reader.kinds.items()), key=itemgetter(1)
        )
        self._choose("kind", _("Everything"), kinds)
        self._choose("unit", _("Any unit"), reader.units(organisation))
        self._choose("evidence", _("Any"), listing.EVIDENCE.items())

    def _choose(self, name: str, nothing: Any, choices: Iterable[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [("", nothing), *choices]

    def clean_first(self) -> date | None:
        return self._sensible("first")

    def clean_last(self) -> date | None:
        return self._sensible("last")

    def _sensible(self, name: str) -> date | None:
        """A day that has one before and one after it in every time zone."""
        day: date | None = self.cleaned_data[name]
        if day and not date(1900, 1, 1) <= day <= date(9000, 1, 1):
            raise forms.ValidationError(_("Choose a day between 1900 and 9000."))
        return day

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and last < first:
            self.add_error("last", _("This day is before the first one."))
        return given

    @property
    def is_narrowed(self) -> bool:
        return not self.wanted().is_all

    def wanted(self) -> Wanted:
        self.is_valid()
        given = self.cleaned_data
        return Wanted(
            words=" ".join(given.get("q", "").split()),
            first=given.get("first"),
            last=given.get("last"),
            kind=given.get("kind", ""),
            subject=given.get("subject", ""),
            person=given.get("person", ""),
            unit=given.get("unit", ""),
            evidence=given.get("evidence", ""),
        )


class SaveForm(forms.Form):
    """A search under a name."""

    name = forms.CharField(max_length=60)
    is_shared = forms.BooleanField(required=False)


class ListForm(forms.Form):
    """As which file a list is taken away."""

    format = forms.ChoiceField(choices=[(name, name) for name in ("xlsx", "csv", "ndjson")])


class VerifyForm(forms.Form):
    """What somebody wants checked: a form's code, a proof or bundle as a file, a proof as text."""

    PROOF, BUNDLE = 64 * 1024, 20 * 1024 * 1024
    LONGEST_CODE = 200

    code = forms.CharField(
        label=_("Code on a printed form"),
        required=False,
        max_length=LONGEST_CODE,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "class": "code"}),
        help_text=_("28 digits and letters from A to F; spaces and capitals don't matter."),
    )
    file = forms.FileField(
        label=_("Proof or bundle"),
        required=False,
        help_text=_("A .tlog-proof file, or a bundle (zip) of up to 20 MB."),
    )
    pasted = forms.CharField(
        label=_("Text of a proof"),
        required=False,
        max_length=PROOF,
        strip=False,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
    )

    def clean_code(self) -> Code | None:
        if not (text := self.cleaned_data["code"]):
            return None
        if (code := Code.parse(text)) is None:
            raise forms.ValidationError(
                _("This is no code: it has 28 digits and letters from A to F, in groups of four.")
            )
        return code

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        if not any(given.get(name) for name in ("code", "file", "pasted")):
            raise forms.ValidationError(
                _("Type the code of a form, choose a file, or paste the text of a proof.")
            )
        file = given.get("file")
        if file and not given["code"]:
            given["bundle" if self._is_zip(file) else "proof"] = file
        self._bound(given)
        return given

    @staticmethod
    def _is_zip(file: "UploadedFile[bytes]") -> bool:
        start = file.read(2)
        file.seek(0)
        return bool(start == b"PK")

    def _bound(self, given: dict[str, Any]) -> None:
        """No more than can be looked at; a proof becomes `text`."""
        if (bundle := given.get("bundle")) and bundle.size > self.BUNDLE:
            raise forms.ValidationError(
                _(
                    "This bundle is larger than 20 MB. Check it on a machine of your own: "
                    "python3 -I verify.py bundle.zip"
                )
            )
        if (proof := given.get("proof")) and proof.size > self.PROOF:
            raise forms.ValidationError(_("A proof is never longer than 64 KB."))
        try:
            given["text"] = proof.read().decode() if proof else given.get("pasted", "")
        except UnicodeDecodeError:
            raise forms.ValidationError(
                _("This file is neither a proof, which is text, nor a bundle, which is a zip file.")
            ) from None
