"""A decision that somebody signed with a passkey, checked by the program of a bundle alone."""

import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import bundle_files, bundles, checkpoints, verify
from audit.bundles import Scope
from audit.checkpoints import Signer
from audit.sequencer import Sequencer
from tests.approvals.factories import World
from tests.approvals.signing import Act, keyed
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("empty_db")
Speaking = Callable[[str], AbstractContextManager[None]]


def test_the_program_tells_what_is_personally_signed_from_what_is_attested(
    tmp_path: Path, speaking_as: Speaking
) -> None:
    world = World()
    world.route(["Ana", "Ben", "Cai"], rule="all")
    world.begin()
    devices = keyed(world, "Ana", "Ben")
    Act.of(world, "Ana").sign(devices["Ana"])
    Act.of(world, "Ben", comment="").sign(devices["Ben"])
    world.decide("Cai")
    signer = Signer("duban.example", Ed25519PrivateKey.generate(), tmp_path / "log")
    for _time in range(2):
        with speaking_as("worker"):
            while Sequencer().advance():
                pass
            checkpoints.sign(signer, world.organisation.pk, at=NOW)
    for scope in (Scope("all"), Scope("task", frozenset({world.unit.subject}))):
        file = io.BytesIO()
        bundle_files.write(bundles.prepare(world.organisation.pk, scope), file, at=NOW)
        with zipfile.ZipFile(file) as archive:
            report = verify.check(archive, None)
        assert (report.personally_signed, report.server_attested) == (2, 1)
