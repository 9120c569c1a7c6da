"""Sign in, sign out, password, language: what each person does for themselves."""

from typing import Any

from axes.conf import settings as axes_settings
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.errors import Refused
from directory import actions
from directory.forms.accounts import PasswordForm, SignInForm
from directory.requests import PersonRequest
from directory.views.answers import nowhere


class SignIn(auth_views.LoginView):
    """The door. Every opening of it stands on the person's chain."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return super().get_context_data(nowhere=nowhere(self.request), **more)

    def form_valid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        try:
            actions.record_sign_in(person=form.get_user(), at=timezone.now())
        except Refused as refusal:  # deactivated at this very moment
            form.add_error(None, refusal.message)
            return self.form_invalid(form)
        return super().form_valid(form)

    def form_invalid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        username = form.data.get("username", "")
        failures = AxesProxyHandler.get_failures(self.request, {"username": username})
        left = max(axes_settings.AXES_FAILURE_LIMIT - failures, 0)
        context = self.get_context_data(form=form, tries_left=left if failures else None)
        return self.render_to_response(context, status=422)


class SignOut(auth_views.LogoutView):
    """Signing out is a POST; the door is shown again."""


class PasswordChange(auth_views.PasswordChangeView):
    request: PersonRequest
    form_class = PasswordForm
    success_url = reverse_lazy("password_changed")

    def form_valid(self, form: Form) -> HttpResponse:
        person = actions.set_password(
            person_id=self.request.user.pk,
            password=form.cleaned_data["new_password1"],
            actor=self.request.user,
            at=timezone.now(),
        )
        update_session_auth_hash(self.request, person)
        return HttpResponseRedirect(str(self.get_success_url()))


class PasswordChanged(auth_views.PasswordChangeDoneView):
    """Says what follows from the new password."""


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """The other language, for this browser and, if somebody is signed in, for the person."""
    language = request.POST.get("language", "")
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    if language not in dict(settings.LANGUAGES):
        messages.error(request, _("Duban speaks Chinese and English."))
        return response
    if request.user.is_authenticated:
        actions.choose_language(
            person_id=request.user.pk, language=language, actor=request.user, at=timezone.now()
        )
    translation.activate(language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 60 * 60,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
