"""Addresses of the inbox, of plans, imports and tasks."""

from django.urls import path

from workflows.views import inbox

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("waiting/", inbox.inbox_waiting, name="inbox_waiting"),
    path("done/", inbox.inbox_done, name="inbox_done"),
    path("decisions/", inbox.decisions, name="decisions"),
    path("tasks/", inbox.tasks, name="tasks"),
    path("search/", inbox.search, name="search"),
]
