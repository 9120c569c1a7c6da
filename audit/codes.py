"""The code on a printed form: it finds one entry, and opens what its bytes say in clear. Pure.

Eight digits of the entry's hash, which people compare by eye, then eighty bits of another hash of
the same bytes. The log's tiles hand the first hash to everybody; the second is known only to those
who have the paper, or the entry. Whoever has the entry computes its code without asking anybody.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from audit.canonical import leaf_hash

PURPOSE = b"duban/form-code/v1\n"
SHORT, SECRET = 4, 10
"""Bytes of the entry's hash, and of the other one."""
DIGITS = 2 * (SHORT + SECRET)
WHOLE = 64
"""Digits of an entry's whole hash, which can be looked up, too."""


@dataclass(frozen=True)
class Code:
    """What somebody typed or scanned: `secret` is empty in a whole hash, which opens no facts."""

    hash: bytes
    secret: bytes = b""

    @classmethod
    def parse(cls, text: str) -> "Code | None":
        """With any spaces, dashes and capitals; None if it can't be a code."""
        digits = re.sub(r"[\s\-\u2010-\u2015\u3000]+", "", text)
        if not re.fullmatch("[0-9a-fA-F]+", digits) or len(digits) not in (DIGITS, WHOLE):
            return None
        data = bytes.fromhex(digits)
        return cls(data) if len(digits) == WHOLE else cls(data[:SHORT], data[SHORT:])

    @property
    def text(self) -> str:
        return (self.hash + self.secret).hex()

    def fits(self, body: bytes) -> bool:
        """Whether it is this entry's; says nothing of how nearly."""
        if not self.secret:
            return hmac.compare_digest(self.hash, leaf_hash(body))
        return hmac.compare_digest(self.text, of(body))


def of(body: bytes) -> str:
    """The code of an entry, as it stands in an address."""
    secret = hashlib.sha256(PURPOSE + body).digest()[:SECRET]
    return (leaf_hash(body)[:SHORT] + secret).hex()
