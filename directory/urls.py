"""Addresses of the directory and of each person's own account."""

from django.urls import path

from directory.views import accounts, calendar, delegations, keeping, pages, sheets

urlpatterns = [
    path("sign-in/", accounts.SignIn.as_view(), name="sign_in"),
    path("sign-out/", accounts.SignOut.as_view(), name="sign_out"),
    path("language/", accounts.set_language, name="set_language"),
    path("account/password/", accounts.PasswordChange.as_view(), name="password_change"),
    path("account/password/changed/", accounts.PasswordChanged.as_view(), name="password_changed"),
    path("directory/", pages.directory, name="directory"),
    path("directory/units/new/", keeping.unit_new, name="unit_new"),
    path("directory/units/<uuid:unit_id>/", pages.unit, name="unit"),
    path("directory/units/<uuid:unit_id>/change/", keeping.unit_change, name="unit_change"),
    path("directory/units/<uuid:unit_id>/abolish/", keeping.unit_abolish, name="unit_abolish"),
    path("directory/units/<uuid:unit_id>/posts/new/", keeping.post_new, name="post_new"),
    path("directory/posts/<uuid:post_id>/appoint/", keeping.appoint, name="appoint"),
    path("directory/posts/<uuid:post_id>/abolish/", keeping.post_abolish, name="post_abolish"),
    path("directory/appointments/<uuid:appointment_id>/end/", keeping.dismiss, name="dismiss"),
    path("directory/groups/new/", keeping.group_new, name="group_new"),
    path("directory/groups/<uuid:group_id>/change/", keeping.group_change, name="group_change"),
    path("directory/people/", pages.people, name="people"),
    path("directory/people/new/", keeping.person_new, name="person_new"),
    path("directory/people/<uuid:person_id>/", pages.person, name="person"),
    path("directory/people/<uuid:person_id>/change/", keeping.person_change, name="person_change"),
    path(
        "directory/people/<uuid:person_id>/password/",
        keeping.person_password,
        name="person_password",
    ),
    path(
        "directory/people/<uuid:person_id>/deactivate/",
        keeping.person_deactivate,
        name="person_deactivate",
    ),
    path(
        "directory/people/<uuid:person_id>/reactivate/",
        keeping.person_reactivate,
        name="person_reactivate",
    ),
    path("directory/calendar/", calendar.calendar, name="calendar"),
    path("directory/calendar/seed/", calendar.calendar_seed, name="calendar_seed"),
    path("directory/calendar/new/", calendar.calendar_day_new, name="calendar_day_new"),
    path(
        "directory/calendar/<uuid:day_id>/clear/",
        calendar.calendar_day_clear,
        name="calendar_day_clear",
    ),
    path("directory/import/", sheets.directory_import, name="directory_import"),
    path("directory/import/apply/", sheets.directory_import_apply, name="directory_import_apply"),
    path("directory/import/template.xlsx", sheets.directory_template, name="directory_template"),
    path("directory/export.xlsx", sheets.directory_export, name="directory_export"),
    path("delegations/", delegations.delegations, name="delegations"),
    path("delegations/new/", delegations.delegation_new, name="delegation_new"),
    path(
        "delegations/<uuid:delegation_id>/end/",
        delegations.delegation_revoke,
        name="delegation_revoke",
    ),
]
