"""What the tests of the ledger have, these need, too."""

from tests.audit.conftest import tampering as tampering
