"""Setting a passkey up: what is kept, what is refused, what stands on the record."""

import json

import pytest

from audit.models import Entry
from directory.models import Passkey, Person
from directory.queries import passkeys_in_force
from tests.authenticator import EDDSA, ES256, Authenticator
from tests.factories import NOW, make_organisation, make_passkey, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    return make_person(make_organisation())


@pytest.mark.parametrize("algorithm", [ES256, EDDSA])
def test_a_passkey_counts_from_the_moment_it_is_set_up(person: Person, algorithm: int) -> None:
    passkey, device = make_passkey(person, Authenticator(algorithm=algorithm))

    assert list(passkeys_in_force(person, NOW)) == [passkey]
    kept = Passkey.objects.get()
    assert bytes(kept.public_key) == device.public_key
    assert bytes(kept.credential_id) == device.credential_id
    entry = json.loads(bytes(Entry.objects.get(kind="passkey.enrolled").body))
    assert entry["facts"]["passkey"]["public_key"] == device.public_key.hex()
