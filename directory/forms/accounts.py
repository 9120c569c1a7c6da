"""Forms of one's own account."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from directory.models import Person


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _("You could not be signed in: the account or the password is wrong."),
        "inactive": _("This account has been deactivated. Ask your administrator."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Account")
        # Browsers that can offer passkeys beside kept passwords.
        self.fields["username"].widget.attrs["autocomplete"] = "username webauthn"
        self.fields["password"].label = _("Password")

    def get_invalid_login_error(self) -> ValidationError:
        """Only who knows the password learns that the account was deactivated."""
        username = self.cleaned_data.get("username", "")
        closed = Person.objects.filter(username=username, is_active=False).first()
        if closed and closed.check_password(self.cleaned_data.get("password", "")):
            return ValidationError(self.error_messages["inactive"], code="inactive")
        return ValidationError(self.error_messages["invalid_login"], code="invalid_login")


class PasswordForm(PasswordChangeForm):
    error_messages = {
        "password_mismatch": _("The two new passwords differ. Type both again."),
        "password_incorrect": _("That is not your present password."),
    }
    field_order = ["old_password", "new_password1", "new_password2"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Present password")
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password1"].help_text = _(
            "At least 12 characters, not a common word, not your name."
        )
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""
