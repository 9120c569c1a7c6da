"""From where somebody asks: the address that limits are counted by."""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def address(request: HttpRequest) -> str | None:
    """The visitor's IP address; None where there is none, as on a socket without a proxy.

    Behind our own proxy it is the last one in X-Forwarded-For: whatever stands before it, the
    visitor may have written.
    """
    told = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        told = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2]
    try:
        return str(ip_address(told.strip()))
    except ValueError:
        return None


def neighbourhood(address: str | None) -> str:
    """Whom a limit holds together: one address, or the /64 that one subscriber has in IPv6."""
    if address is None:
        return ""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Address(int(found) >> 64 << 64))
    return address
