"""Addresses of the directory and of each person's own account."""

from django.urls import path

from directory.views import accounts

urlpatterns = [
    path("sign-in/", accounts.SignIn.as_view(), name="sign_in"),
    path("sign-out/", accounts.SignOut.as_view(), name="sign_out"),
    path("language/", accounts.set_language, name="set_language"),
    path("account/password/", accounts.PasswordChange.as_view(), name="password_change"),
    path("account/password/changed/", accounts.PasswordChanged.as_view(), name="password_changed"),
]
