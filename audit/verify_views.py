"""Checking without an account: the code of a printed form, a proof, a bundle."""

from collections.abc import Mapping
from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit import bundle_check, checking, throttle
from audit.codes import Code
from audit.errors import Refused
from audit.forms import VerifyForm

CHECKS, CHECKS_WITHIN = 30, timedelta(minutes=1)
BUNDLES, BUNDLES_WITHIN = 6, timedelta(minutes=10)
"""How many one address may have checked."""


class TooOften(Refused):
    """One address asks all the time."""

    status = 429
    sentence = _("Too many checks were asked for from your address. Try again in a minute.")


class TooManyBundles(Refused):
    """Bundles are work."""

    status = 429
    sentence = _(
        "Too many bundles were checked from your address. Try again in ten minutes, or check them "
        "on a machine of your own with the program inside."
    )


class OthersAreChecking(Refused):
    """As many bundles are being checked as this machine should check at once."""

    status = 503
    sentence = _("Other bundles are being checked just now. Try again in a minute.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """What somebody brings. Raises TooOften, TooManyBundles, OthersAreChecking."""
    sent = request.method == "POST"
    form = VerifyForm(request.POST, request.FILES) if sent else VerifyForm()
    context: dict[str, object] = {"form": form}
    if sent:
        _count(request)
        if form.is_valid():
            given = form.cleaned_data
            if given["code"]:
                return redirect("verify_code", code=given["code"].text)
            if given.get("bundle"):
                context["bundle"] = _check(request, given["bundle"])
            else:
                context["answer"] = checking.check(given["text"])
    return _page(request, context, status=400 if form.errors else 200)


@never_cache
@require_safe
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """What stands behind the code of a form, for whoever holds it. Raises TooOften."""
    _count(request)
    read = Code.parse(code[: VerifyForm.LONGEST_CODE])
    found = checking.form(read) if read else None
    context = {"form": VerifyForm(), "code": read, "found": found, "is_code": True}
    return _page(request, context, status=200 if found else 404)


def _page(request: HttpRequest, context: Mapping[str, object], status: int) -> HttpResponse:
    response = render(request, "audit/verify.html", {**context}, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


def _check(request: HttpRequest, bundle: "UploadedFile[bytes]") -> bundle_check.BundleAnswer:
    if not throttle.lets_pass(
        request, "bundle", most=BUNDLES, within=BUNDLES_WITHIN, at=timezone.now()
    ):
        raise TooManyBundles
    try:
        return bundle_check.check(bundle)
    except bundle_check.Busy:
        raise OthersAreChecking from None


def _count(request: HttpRequest) -> None:
    if not throttle.lets_pass(
        request, "verify", most=CHECKS, within=CHECKS_WITHIN, at=timezone.now()
    ):
        raise TooOften
