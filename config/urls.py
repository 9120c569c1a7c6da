"""Every address of the product; the tests enumerate this list."""

from django.urls import URLPattern, URLResolver, include, path

from config import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.live, name="live"),
    path("readyz", health.ready, name="ready"),
    path("", include("notices.urls")),
    path("", include("workflows.urls")),
    path("", include("approvals.urls")),
    path("", include("audit.urls")),
    path("", include("directory.urls")),
    path("", include("workflows.plan_urls")),
    path("", include("workflows.task_urls")),
    path("", include("workflows.audit_urls")),
]

handler500 = "config.errors.server_error"
