"""Forms about passkeys. What devices answer is JSON and no form's business."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST_REASON = 500


class PasskeyNameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("What you will know it by, such as “office computer” or “my phone”."),
    )


class NewPasskeyForm(PasskeyNameForm):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("The one you sign in with, so that nobody else does this at your desk."),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class AnswerForm(forms.Form):
    """What a device answered, unread."""

    answer = forms.JSONField()


class NewPasskeyAnswerForm(PasskeyNameForm, AnswerForm):
    """The answer of a device that made a key."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, help_text: str, required: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = help_text
        self.fields["reason"].required = required


class ApprovalOfPasskeysForm(forms.Form):
    wanted = forms.TypedChoiceField(
        label=_("A new passkey counts"),
        choices=[
            ("no", _("at once")),
            ("yes", _("once an administrator who is somebody else has approved it")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
