"""Addresses of the auditor's room that show tasks and plans."""

from django.urls import path

from workflows.views import auditing, statistics

urlpatterns = [
    path("audit/timeline/", auditing.timeline, name="audit_timeline"),
    path("audit/comparison/", auditing.comparison, name="audit_comparison"),
    path("audit/statistics/", statistics.statistics, name="audit_statistics"),
    path("audit/statistics/entries/", statistics.behind, name="audit_behind"),
    path("audit/statistics/export/", statistics.export, name="audit_statistics_export"),
]
