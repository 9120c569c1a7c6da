from django.urls import path

from audit import views

urlpatterns = [
    path("audit/", views.audit, name="audit"),
    path("audit/verify/", views.verify, name="audit_verify"),
    path("audit/<uuid:entry_id>/", views.entry, name="entry"),
    path("audit/<uuid:entry_id>/entry.json", views.entry_json, name="entry_json"),
]
