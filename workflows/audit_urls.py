"""Addresses of the auditor's room that show tasks and plans."""

from django.urls import path

from workflows.views import auditing

urlpatterns = [
    path("audit/timeline/", auditing.timeline, name="audit_timeline"),
    path("audit/comparison/", auditing.comparison, name="audit_comparison"),
]
