"""Addresses of decisions and routes; the page around a decision lives with its subject."""

from django.urls import path

from approvals import views

urlpatterns = [
    path("work-items/<uuid:work_item_id>/decide/", views.decide, name="decide"),
    path("routes/", views.routes, name="routes"),
    path("routes/<uuid:route_id>/", views.route, name="route"),
]
