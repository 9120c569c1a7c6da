"""This house as authenticators know it: a domain, and the addresses of its pages. Pure."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from audit.errors import Refused


class NoPasskeysHere(Refused):
    """An address at which no browser keeps passkeys."""

    status = 422
    sentence = _(
        "Passkeys need an address with a name and https. Ask whoever runs this server to set one."
    )


class OnlyByName(NoPasskeysHere):
    """An address made of digits."""

    sentence = _(
        "Passkeys are kept for a name, and this page's address is only digits. Open Duban at "
        "%(address)s instead."
    )


class OnlyThere(NoPasskeysHere):
    """Another address than the house's own."""

    sentence = _("Passkeys work only at Duban's own address. Open it at %(address)s.")


@dataclass(frozen=True)
class RelyingParty:
    """This house as authenticators know it: a domain, and the addresses of its pages."""

    id: str
    origins: tuple[str, ...]


def relying_party(own: str, shown: str) -> RelyingParty:
    """The house at the origin `own`, as configured ("" if it isn't), for a page at origin `shown`.

    Raises NoPasskeysHere, OnlyByName, OnlyThere; the last two say in `params["address"]` where.
    """
    own, shown = origin(own), origin(shown)
    here = urlsplit(own or shown)
    name = here.hostname or ""
    if is_address(name):
        if not ip_address(name).is_loopback:
            raise NoPasskeysHere
        port = f":{here.port}" if here.port else ""
        raise OnlyByName(address=f"{here.scheme}://localhost{port}")
    local = name == "localhost" or name.endswith(".localhost")
    if not name or not (here.scheme == "https" or local):
        raise NoPasskeysHere
    if own and shown != own:
        raise OnlyThere(address=own)
    return RelyingParty(name, (own or shown,))


def origin(address: str) -> str:
    """An address as browsers write an origin: lower case, no path, no port that goes unsaid."""
    if not address:
        return ""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    unsaid = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port and parts.port != unsaid else ""
    return f"{parts.scheme}://{host}{port}"


def is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
