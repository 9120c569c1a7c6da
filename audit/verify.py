#!/usr/bin/env python3
"""Check a bundle of ledger entries, trusting nobody: python3 -I verify.py BUNDLE [--policy FILE]

Needs Python 3.9 or later and nothing else: no network, no account, no other package. It reads the
bundle (a zip file) and says whether everything in it is what was signed; if not, it names the first
thing that is wrong and ends with exit code 1.

What is checked, in this order (`check` below is the same list as a program):

1. The zip file holds the known members, each once, and nothing around or beside them.
2. The checkpoint carries the signature of the log's key, and the cosignatures of as many witnesses
   as the policy asks for. A policy of your own (--policy) is worth more than the one in the bundle:
   whoever could forge the bundle could have written that one as well.
3. Every entry, byte for byte, is in the tree whose root was signed (RFC 6962), and has the one
   form that RFC 8785 gives it, so that no two programs can read it differently.
4. The entries of each subject follow one another: none is missing between two that are there.
5. A checkpoint that you kept (--checkpoint) is one of the same log, at an earlier size.
6. Every sign-off that calls itself personally signed was signed, for exactly this decision, with a
   passkey that its person had enrolled before and had not revoked (WebAuthn).
7. Every text and file that was handed out is one that the entries commit to.

What a bundle can't show: that nothing else happened. A bundle of the whole log shows that nothing
was left out of it; any other bundle shows only that what is in it is true.

How to read this file: from here to "Arithmetic" it follows the list above, from the outside to the
inside. "Arithmetic" holds the signatures (RFC 8032, FIPS 186-5) and formats that Python has no
words for; it is written for clarity and for numbers that everybody may see, and holds no secret.

Formats: https://c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy; RFC 6962 and
9162; RFC 8785; https://www.w3.org/TR/webauthn-3/, RFC 9052 (COSE).
"""

from __future__ import annotations

import argparse
import base64
import gc
import hashlib
import json
import os
import re
import stat
import struct
import sys
import zipfile
import zlib
from binascii import hexlify
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple


class Wrong(Exception):
    """Something that is not as it was signed: what, where, and what was found there."""

    def __init__(self, code: str, where: str = "", **found: object) -> None:
        super().__init__(code)
        self.code, self.where, self.found = code, where, found


class Report:
    """What was found, for the end."""

    def __init__(self) -> None:
        self.origin = self.scope = ""
        self.size = 0
        self.whole = self.unbroken = False
        self.own_policy = self.kept_checkpoint = False
        self.cosigned: dict[str, int] = {}
        self.entries = 0
        self.first = self.last = ""
        self.personally_signed = self.server_attested = 0
        self.texts = self.texts_absent = 0
        self.files = self.files_absent = 0
        self.files_erased: list[str] = []


def check(bundle: zipfile.ZipFile, own_policy: str | None, kept: str | None = None) -> Report:
    """Everything, in the order of the list above. Raises Wrong at the first wrong thing."""
    report = Report()
    check_container(bundle)
    report.own_policy = own_policy is not None
    wanted = policy(own_policy if own_policy is not None else text_of(bundle, "policy.txt"))
    signed = check_checkpoint(note(text_of(bundle, "checkpoint.txt")), wanted, report)
    manifest = manifest_of(bundle, report)
    before = checkpoint(note(kept).text) if kept is not None else None
    said = check_entries(bundle, signed, before, report)
    if manifest.get("entries", report.entries) != report.entries:
        raise Wrong("count", "manifest.json", found=report.entries, wanted=manifest["entries"])
    opened = check_openings(bundle, said, report)
    check_files(bundle, said, opened, report)
    return report


# 1. The container.

MEMBERS = re.compile(
    r"(checkpoint|policy)\.txt|manifest\.json|verify\.py|index\.html"
    r"|(entries|proofs|keys|keys-proofs|statements|openings)\.ndjson"
    r"|files/[0-9a-f]{64}(\.[a-z0-9]{1,8})?"
)
SMALL = 4 << 20
"""Bytes of a member that is read at once."""
BLOCK = 1 << 17
LONGEST = 32 << 20
"""Bytes of a line."""
LISTED = 16 << 20
"""Bytes of the zip file's list of members, which Python reads at once."""


def check_container(bundle: zipfile.ZipFile) -> None:
    """Nothing that two programs could unpack differently: each name once, no links, no overlaps."""
    seen: set[str] = set()
    end = 0
    for member in sorted(bundle.infolist(), key=lambda one: one.header_offset):
        name = member.filename
        if name in seen or not MEMBERS.fullmatch(name) or member.orig_filename != name:
            raise Wrong("member", name)
        if member.flag_bits & 1 or member.compress_type not in (0, zipfile.ZIP_DEFLATED):
            raise Wrong("member", name)
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise Wrong("member", name)
        if member.header_offset < end or (not seen and member.header_offset):
            raise Wrong("container", name)
        seen.add(name)
        end = member.header_offset + 30 + len(name) + member.compress_size
    if end > bundle.start_dir or bundle.comment:
        raise Wrong("container", "")


def end_of(path: str) -> None:
    """The file ends where the zip format ends, with a list that fits into the memory."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 22))
        end = file.read(22)
    if len(end) < 22 or end[:4] != b"PK\5\6" or end[20:] != b"\0\0":
        raise Wrong("container", "")
    if int.from_bytes(end[12:16], "little") > LISTED:
        raise Wrong("container", "")


def blocks(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A member's bytes, a bounded number at a time. zipfile compares the CRC at the end."""
    try:
        with bundle.open(name) as file:
            while block := file.read(BLOCK):
                yield block
    except BROKEN:
        raise Wrong("missing", name) from None


BROKEN: tuple[type[Exception], ...] = (
    *(KeyError, OSError, EOFError, ValueError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What Python raises for a zip file that is damaged or made to be."""


def text_of(bundle: zipfile.ZipFile, name: str) -> str:
    data = b""
    for block in blocks(bundle, name):
        data += block
        if len(data) > SMALL:
            raise Wrong("large", name)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Wrong("missing", name) from None


def lines_of(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The lines of a member if it is there: UTF-8, no control characters, none without its end."""
    if name not in bundle.namelist():
        return
    rest, number = b"", 0
    for block in blocks(bundle, name):
        data, newline, rest = (rest + block).rpartition(b"\n")
        if len(rest) > LONGEST:
            raise Wrong("large", name)
        if not newline:
            continue
        lines = data.split(b"\n")
        if is_text(data):
            yield from lines
        else:
            for at, line in enumerate(lines, number + 1):
                if not is_text(line):
                    raise Wrong("unreadable", f"{name}:{at}")
                yield line
        number += len(lines)
    if rest:
        raise Wrong("cut", name)


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return len(data.translate(None, CONTROLS)) == len(data)


CONTROLS = bytes(one for one in range(32) if one != 10)


def json_of(text: str | bytes) -> Any:
    """JSON in which no key stands twice. Raises ValueError."""
    try:
        return json.loads(text, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("too deep") from None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def manifest_of(bundle: zipfile.ZipFile, report: Report) -> dict[str, Any]:
    """What the bundle says that it is. It is not signed, so nothing rests on it but words."""
    try:
        manifest: dict[str, Any] = json_of(text_of(bundle, "manifest.json"))
        report.scope, report.whole = str(manifest["scope"]), manifest["whole"] is True
        report.unbroken = report.whole or manifest.get("unbroken", True) is True
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Wrong("missing", "manifest.json") from None
    return manifest


# 2. The checkpoint: a note is a text, an empty line, signatures.

ED25519, COSIGNATURE = 1, 4


class Key(NamedTuple):
    name: str
    id: bytes
    kind: int
    public: bytes


def key(vkey: str) -> Key:
    """`name+id+base64`, as https://c2sp.org/signed-note writes a key."""
    try:
        name, told, data = vkey.split("+", 2)
        raw = unbase64(data)
    except ValueError:
        raise Wrong("key", vkey) from None
    own = sha256(name.encode() + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE) or own.hex() != told or not name:
        raise Wrong("key", vkey)
    return Key(name, own, raw[0], raw[1:])


class Note(NamedTuple):
    text: str
    signatures: list[tuple[str, bytes]]
    """Names, and key id and signature in one."""

    def signed_by(self, wanted: Key) -> int | None:
        """The time of the key's cosignature, 0 for a plain signature, None if none fits."""
        for name, data in self.signatures:
            if name != wanted.name or data[:4] != wanted.id:
                continue
            if wanted.kind == ED25519 and signed_by(wanted.public, data[4:], self.text.encode()):
                return 0
            time = int.from_bytes(data[4:12], "big")
            message = f"cosignature/v1\ntime {time}\n{self.text}".encode()
            if wanted.kind == COSIGNATURE and signed_by(wanted.public, data[12:], message):
                return time
        return None


def note(text: str) -> Note:
    body, gap, signed = text.rpartition("\n\n")
    if not gap or not signed.endswith("\n"):
        raise Wrong("note")
    signatures = []
    for line in signed[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, data = rest.partition(" ")
        try:
            signatures.append((name, unbase64(data)))
        except ValueError:
            raise Wrong("note") from None
        if dash != "\u2014":
            raise Wrong("note")
    return Note(body + "\n", signatures)


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


def checkpoint(text: str) -> Checkpoint:
    """Origin, size and root, a line each (https://c2sp.org/tlog-checkpoint)."""
    try:
        origin, size, root = text.split("\n")[:3]
        digest = unbase64(root)
    except ValueError:
        raise Wrong("note") from None
    if not re.fullmatch("0|[1-9][0-9]{0,15}", size) or len(digest) != 32:
        raise Wrong("note")
    return Checkpoint(origin, int(size), digest)


class Policy(NamedTuple):
    """Whose signatures are asked for: the lines of https://c2sp.org/tlog-policy."""

    logs: list[Key]
    witnesses: dict[str, Key]
    groups: dict[str, tuple[int, list[str]]]
    quorum: str

    def holds(self, cosigned: set[str], name: str) -> bool:
        """Whether enough of those have cosigned whom `name` stands for."""
        if name == "none" or name in self.witnesses:
            return name == "none" or name in cosigned
        needed, members = self.groups[name]
        return sum(self.holds(cosigned, one) for one in members) >= needed


def policy(text: str) -> Policy:
    read = Policy([], {}, {}, "none")
    for line in text.splitlines():
        words = line.split("#")[0].split()
        known = {"none", *read.witnesses, *read.groups}
        if words[:1] == ["log"] and len(words) > 1:
            read.logs.append(key(words[1]))
        elif words[:1] == ["witness"] and len(words) > 2 and words[1] not in known:
            read.witnesses[words[1]] = key(words[2])
        elif words[:1] == ["group"] and len(words) > 3 and known.issuperset(words[3:]):
            members = words[3:]
            count = {"any": "1", "all": str(len(members))}.get(words[2], words[2])
            if words[1] in known or not re.fullmatch("[1-9][0-9]{0,8}", count):
                raise Wrong("policy", line)
            read.groups[words[1]] = (int(count), members)
        elif words[:1] == ["quorum"] and len(words) == 2 and words[1] in known:
            read = read._replace(quorum=words[1])
        elif words:
            raise Wrong("policy", line)
    return read


def check_checkpoint(signed: Note, wanted: Policy, report: Report) -> Checkpoint:
    """The policy's key for this log has signed, and as many witnesses as it asks for."""
    told = checkpoint(signed.text)
    report.origin, report.size = told.origin, told.size
    ours = [one for one in wanted.logs if one.name == told.origin]
    if not any(signed.signed_by(one) is not None for one in ours):
        raise Wrong("signature", told.origin)
    for name, witness in wanted.witnesses.items():
        seen = signed.signed_by(witness)
        if seen is not None:
            report.cosigned[name] = seen
    if not wanted.holds(set(report.cosigned), wanted.quorum):
        raise Wrong("quorum", ", ".join(sorted(report.cosigned)) or "–")
    return told


# 3. and 5. The tree.


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: list[bytes]) -> bytes:
    """The root over some hashes (RFC 6962, section 2.1): by levels, an odd last one goes up."""
    while len(hashes) > 1:
        odd = hashes[-1:] if len(hashes) % 2 else []
        hashes = [*map(node, hashes[::2], hashes[1::2]), *odd]
    return hashes[0] if hashes else sha256().digest()


class Tree:
    """Takes leaves one by one; keeps the roots of full blocks, which are subtrees of the tree."""

    LEAVES = 4096

    def __init__(self) -> None:
        self._full: list[bytes] = []
        self._begun: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        self._begun.append(leaf)
        if len(self._begun) == self.LEAVES:
            self._full.append(fold(self._begun))
            self._begun = []

    @property
    def size(self) -> int:
        return len(self._full) * self.LEAVES + len(self._begun)

    def root(self) -> bytes:
        return fold(self._full + ([fold(self._begun)] if self._begun else []))


def leads_to(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root to which an inclusion proof leads (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    at, last = index, size - 1
    for step in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            leaf = node(step, leaf)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            leaf = node(leaf, step)
        at, last = at >> 1, last >> 1
    return leaf if last == 0 else None


def check_inclusion(
    proof: bytes, leaf: bytes, signed: Checkpoint, named: tuple[bytes, bytes]
) -> int:
    """The entry's place in the log."""
    try:
        told = json_of(proof)
        index: int = told["index"]
        path = [unbase64(one) for one in told["path"]]
        found = leads_to(leaf, index, signed.size, path) if type(index) is int else None
    except (ValueError, KeyError, TypeError):
        raise Wrong("proof", place(*named)) from None
    if found != signed.root:
        raise Wrong("proof", place(*named))
    return index


# 3. and 4. Entries.


class Said:
    """What the entries say that the rest of the bundle is compared with."""

    def __init__(self) -> None:
        self.commitments: set[bytes] = set()
        """In hexadecimal, as they stand in the entries."""
        self.files: dict[str, tuple[str, bytes | None]] = {}
        """By SHA-256: the entry that names the file, and the commitment to its name."""


def check_entries(
    bundle: zipfile.ZipFile, signed: Checkpoint, kept: Checkpoint | None, report: Report
) -> Said:
    """Bytes, form, tree, chains and personal signatures, one entry after the other."""
    whole, tree, said = report.whole, Tree(), Said()
    read, follow, committed = Bodies().read, Chains(report).follow, said.commitments
    passkeys = Passkeys(lines_of(bundle, "statements.ndjson"))
    proofs = lines_of(bundle, "proofs.ndjson")
    index, attested, number, first, last = -1, 0, -1, b"9", b""
    check_kept(kept, signed, report)
    if not whole:
        load_keys(bundle, signed, passkeys)
    for number, body in enumerate(lines_of(bundle, "entries.ndjson")):
        leaf = sha256(b"\x00" + body).digest()
        try:
            form, (at, *commitments, prev, seq, subject) = read(body)
        except MALFORMED:
            raise Wrong("unreadable", f"entry {number + 1}") from None
        if whole:
            if kept and number == kept.size and tree.root() != kept.root:
                raise Wrong("kept", kept.origin, wanted=kept.size)
            tree.add(leaf)
            index = number
        else:
            before, index = index, check_inclusion(next(proofs, b""), leaf, signed, (subject, seq))
            if index <= before:
                raise Wrong("order", place(subject, seq))
        follow(subject, int(seq), prev, leaf)
        if at < first:
            first = at
        if at > last:
            last = at
        if commitments:
            committed.update(commitments)
        if form.is_plain:
            attested += form.is_sign_off
            continue
        if form.is_personal:
            passkeys.check(form.value, index)
            report.personally_signed += 1
        elif form.is_sign_off:
            attested += 1
        if form.value and whole:
            passkeys.hear(form.value, index)
        for digest, name in files_in(json.loads(body)["facts"]):
            said.files.setdefault(digest, (place(subject, seq), name))
    report.entries, report.server_attested = number + 1, attested
    if whole and (tree.size != signed.size or tree.root() != signed.root):
        raise Wrong("root", signed.origin, found=tree.size, wanted=signed.size)
    if next(proofs, None) is not None and not whole:
        raise Wrong("proof", "proofs.ndjson")
    passkeys.end()
    report.first, report.last = first.decode() if last else "", last.decode()
    return said


MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
"""What Python raises where a value isn't of the form that the program expects."""


def place(subject: bytes, seq: bytes) -> str:
    """How an entry is named: its subject, and its number in the subject's chain."""
    return f"{subject.decode()} #{seq.decode()}"


def check_kept(kept: Checkpoint | None, signed: Checkpoint, report: Report) -> None:
    """Whether the checkpoint that somebody kept can be compared, or is this one."""
    if kept is None:
        return
    if kept.size > signed.size or (kept.size == signed.size and kept.root != signed.root):
        raise Wrong("kept", kept.origin, wanted=kept.size)
    if kept.size < signed.size and not report.whole:
        raise Wrong("uncompared", kept.origin)
    report.kept_checkpoint = True


class Chains:
    """Each subject's last entry. A chain in the whole log begins at 1."""

    NOTHING = b"0" * 64
    """The hash that the first entry of a chain names."""

    def __init__(self, report: Report) -> None:
        self._heads: dict[bytes, tuple[int, bytes]] = {}
        self._whole, self._unbroken = report.whole, report.unbroken

    def follow(self, subject: bytes, seq: int, prev: bytes, leaf: bytes) -> None:
        """The entry is the next one of its subject, and names the hash of the one before it."""
        before, head = self._heads.get(subject, (0, self.NOTHING))
        if seq != before + 1:
            if self._whole or seq <= before or (before and self._unbroken):
                raise Wrong("gap", place(subject, b"%d" % seq), wanted=before + 1)
        elif prev != head:
            raise Wrong("link", place(subject, b"%d" % seq))
        self._heads[subject] = (seq, hexlify(leaf))


# 3. The form of an entry. What an entry is read as is defined by `Form.of`: the parsed JSON, if
# writing it again as RFC 8785 asks for gives the same bytes. A log holds very many entries that
# differ in nothing but some strings and numbers. So from an entry that came often, `learnt` makes
# a pattern in which only those are left open; whatever fits it has the same form, and is read out
# of the pattern in a tenth of the time.

FIXED = re.compile(r"([a-z_]+:)?[0-9a-f-]{36}|[0-9a-f]{64}|[0-9-]{10}T[0-9:.]{15}Z")
"""Strings that are equally long in all entries of a form: ids, hashes, times."""
INTEGER = "(?:0|-?[1-9][0-9]{0,14})"
KEYS = (
    *("acting_for", "action", "actor", "at", "capacity", "facts"),
    *("kind", "organisation", "prev", "seq", "subject", "v"),
)
Fits = Callable[[bytes], Any]


class Form:
    """What an entry is besides its fields: time, commitments, previous hash, number, subject."""

    def __init__(self, entry: dict[str, Any]) -> None:
        facts = entry["facts"]
        sequence = entry["seq"]
        if tuple(entry) != KEYS or entry["v"] != 1 or not isinstance(facts, dict):
            raise ValueError("not an entry")
        if type(sequence) is not int or sequence < 1:
            raise ValueError("not a number")
        self.organisation: str = entry["organisation"]
        self.is_sign_off = entry["kind"] == "approval.signed_off"
        sign_off = facts["sign_off"] if self.is_sign_off else {}
        self.is_personal = "passkey" in (sign_off.get("evidence"), *sign_off)
        self.value: Any = entry if self.is_personal or "passkey" in facts else None
        """The whole entry, where it is about a passkey."""
        self.is_plain = self.value is None and not any(True for _file in files_in(facts))
        fields = (entry["at"], *commitments_in(entry), entry["prev"], str(sequence))
        self.fields = tuple(one.encode() for one in (*fields, entry["subject"]))

    @classmethod
    def of(cls, body: bytes) -> tuple[Form, dict[str, Any]]:
        """The form of a canonical body, and the parsed body. Raises one of MALFORMED."""
        text = body.decode()
        entry = READ(text)
        if WRITE(entry) != text:
            raise ValueError("not canonical")
        return cls(entry), entry


class Bodies:
    """Reads bodies, and learns patterns on the way."""

    OFTEN, PATTERNS = 20, 400

    def __init__(self) -> None:
        self._learnt: dict[Any, list[tuple[Form, Fits]]] = {}
        self._met: dict[Any, int] = {}
        self._count = 0
        self._organisation = ""

    def read(self, body: bytes) -> tuple[Form, tuple[bytes, ...]]:
        """Form and fields of a line: UTF-8 without control characters. Raises one of MALFORMED.

        A pattern is asked only of a body without escapes that has as many quotation marks as the
        pattern itself. So none is left for its open places, and each of them holds one string.
        """
        kind = body.rfind(b',"kind":')
        about = body.count(b'"'), body[kind : kind + 32]
        is_open = b"\\" not in body
        for form, fits in self._learnt.get(about, ()) if is_open else ():
            found = fits(body)
            if found:
                return form, found.groups()
        form, entry = Form.of(body)
        self._organisation = self._organisation or form.organisation
        if form.organisation != self._organisation:
            raise Wrong("foreign", place(*form.fields[:-3:-1]))
        met = self._met[about] = self._met.get(about, 0) + 1
        if met % self.OFTEN == 0 and self._count < self.PATTERNS and is_open and not form.value:
            self._count += 1
            self._learnt.setdefault(about, []).append((form, learnt(entry)))
        return form, form.fields


def learnt(entry: dict[str, Any]) -> Fits:
    """The pattern of an entry's form: its fields are the groups, kind and organisation stay."""
    parts = []
    for name, value in entry.items():
        part = literal(value) if name in ("kind", "organisation", "v") else pattern(value, name)
        if name in ("at", "prev", "seq", "subject"):
            part = '"(' + part[1:-1] + ')"' if part[0] == '"' else f"({part})"
        parts.append(f"{literal(name)}:{part}")
    return re.compile((r"\{" + ",".join(parts) + r"\}").encode(), re.DOTALL).fullmatch


def pattern(value: Any, key: str) -> str:
    """A canonical value as a pattern: keys as they are, strings and numbers open."""
    if isinstance(value, dict):
        if set(value) == {"commitment"}:
            return r'\{"commitment":"(.{64})"\}'
        return (
            r"\{" + ",".join(f"{literal(k)}:{pattern(one, k)}" for k, one in value.items()) + r"\}"
        )
    if isinstance(value, list):
        return r"\[" + ",".join(pattern(one, "") for one in value) + r"\]"
    if isinstance(value, str) and key != "evidence":
        if FIXED.fullmatch(value):
            return f'".{{{len(value)}}}"'
        if key not in ("sha256", "source"):  # or else another entry might name a file there
            return '"[^"]*"'
    return INTEGER if type(value) is int else literal(value)


def literal(value: Any) -> str:
    return re.escape(WRITE(value))


def in_order(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """RFC 8785: keys in the order of UTF-16, none twice."""
    found = dict(pairs)
    keys = sorted(found, key=None if "".join(found).isascii() else utf16)
    if [key for key, _value in pairs] != keys:
        raise ValueError("keys out of order")
    return found


def utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


def integer(text: str) -> int:
    """Every reader of JSON has room for these. No entry of this ledger holds a larger one."""
    if len(text.lstrip("-")) > 15:
        raise ValueError("a number with too many digits")
    return int(text)


def fraction(text: str) -> Any:
    raise ValueError("a number that is not whole")


READ = json.JSONDecoder(
    object_pairs_hook=in_order, parse_int=integer, parse_float=fraction, parse_constant=fraction
).decode
WRITE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def inside(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a value, in the order in which they stand there."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            if isinstance(one, (dict, list)):
                yield from inside(one)
    elif isinstance(value, list):
        for one in value:
            yield from inside(one)


def commitments_in(value: Any) -> list[str]:
    return [one["commitment"] for one in inside(value) if len(one) == 1 and "commitment" in one]


def files_in(facts: Any) -> Iterator[tuple[str, bytes | None]]:
    """Files' hashes, each with the commitment to its name if there is one."""
    for one in inside(facts):
        for key in ("sha256", "source"):
            digest, name = one.get(key), one.get("name")
            if isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest):
                found = commitments_in(name) if isinstance(name, dict) else []
                yield digest, found[0].encode() if found else None


# 6. Personal signatures (WebAuthn): the passkey's own entries, the statement, the signature.


class Passkeys:
    """What the log says of passkeys, and the statements that they signed, in the log's order."""

    def __init__(self, statements: Iterator[bytes]) -> None:
        self._enrolled: dict[str, tuple[int, str, dict[str, Any]]] = {}
        self._approved: dict[str, int] = {}
        self._revoked: dict[str, int] = {}
        self._statements = statements

    def hear(self, entry: dict[str, Any], index: int) -> None:
        """An entry about a passkey stands on the chain of its person."""
        kind, where = entry["kind"], f"{entry['subject']} #{entry['seq']}"
        if kind not in ("passkey.enrolled", "passkey.approved", "passkey.revoked"):
            return
        try:
            told = entry["facts"]["passkey"]
            credential = str(told["credential"])
            if kind == "passkey.enrolled":
                if credential in self._enrolled:
                    raise Wrong("key_twice", where)
                cose_key(bytes.fromhex(told["public_key"]))
                self._enrolled[credential] = index, entry["subject"], told
            elif self._enrolled[credential][1] != entry["subject"]:
                raise Wrong("key_foreign", where)
            elif kind == "passkey.approved":
                self._approved.setdefault(credential, index)
            else:
                self._revoked.setdefault(credential, index)
        except MALFORMED:
            raise Wrong("key_unreadable", where) from None

    def check(self, entry: dict[str, Any], index: int) -> None:
        """The sign-off was signed by its person, with a passkey in force, and says what it says."""
        where = f"{entry['subject']} #{entry['seq']}"
        sign_off = entry["facts"]["sign_off"]
        statement = next(self._statements, b"")
        if sha256(statement).hexdigest() != sign_off.get("statement"):
            raise Wrong("statement", where)
        try:
            key = self._in_force(sign_off["passkey"]["credential"], entry["actor"], index, where)
            check_assertion(sign_off["passkey"], key, sha256(statement).digest(), where)
            check_statement(READ(statement.decode()), entry, where)
        except MALFORMED:
            raise Wrong("key_unreadable", where) from None

    def _in_force(self, credential: str, person: str, index: int, where: str) -> dict[str, Any]:
        """Enrolled, approved where that was asked for, and not revoked: before, in the log."""
        since, owner, told = self._enrolled.get(credential, (index, "", {}))
        if since >= index:
            raise Wrong("key_unknown", where)
        if owner != person:
            raise Wrong("key_foreign", where)
        if told["needs_approval"] is not False and self._approved.get(credential, index) >= index:
            raise Wrong("key_unapproved", where)
        if self._revoked.get(credential, index) < index:
            raise Wrong("key_revoked", where)
        return told

    def end(self) -> None:
        if next(self._statements, None) is not None:
            raise Wrong("statement", "statements.ndjson")


PRESENT, VERIFIED = 1, 4
"""Flags of the authenticator: somebody touched it; it knew who (by PIN, finger or face)."""


def check_assertion(
    told: dict[str, Any], key: dict[str, Any], challenge: bytes, where: str
) -> None:
    """https://www.w3.org/TR/webauthn-3/, section 7.2: steps that need no server."""
    data, client = bytes.fromhex(told["authenticator_data"]), bytes.fromhex(told["client_data"])
    said = json_of(client.decode())
    expected = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    if said["type"] != "webauthn.get" or said["challenge"] != expected:
        raise Wrong("challenge", where)
    if said["origin"] not in key["origins"] or said.get("crossOrigin", False) is not False:
        raise Wrong("web_origin", where)
    if data[:32] != sha256(key["rp_id"].encode()).digest():
        raise Wrong("rp", where)
    if len(data) < 37 or data[32] & PRESENT == 0 or data[32] & VERIFIED == 0:
        raise Wrong("unverified", where)
    public = cose_key(bytes.fromhex(key["public_key"]))
    signature = bytes.fromhex(told["signature"])
    if not public.signed(signature, data + sha256(client).digest()):
        raise Wrong("assertion", where)


def check_statement(said: dict[str, Any], entry: dict[str, Any], where: str) -> None:
    """What the person signed is what the entry says that they decided."""
    sign_off = entry["facts"]["sign_off"]
    pairs = {
        "organisation": (said["organisation"], entry["organisation"]),
        "person": ("person:" + said["person"]["id"], entry["actor"]),
        "decision": (said["decision"], sign_off["decision"]),
        "target": (said["target"], sign_off["target"]),
        "work_item": (said["reviewed"]["work_item"], sign_off["work_item"]),
        "comment": (said["comment"], sign_off["comment"]),
        "capacity": ((said["capacity"] or {}).get("post"), (entry["capacity"] or {}).get("post")),
        "acting_for": (acting(said["acting_for"]), entry["acting_for"]),
        "evidence": (said["evidence"], "passkey"),
    }
    for field, (one, other) in pairs.items():
        if one != other:
            raise Wrong("disagrees", where, field=field)


def acting(person: dict[str, Any] | None) -> str | None:
    return "person:" + person["id"] if person else None


def load_keys(bundle: zipfile.ZipFile, signed: Checkpoint, passkeys: Passkeys) -> None:
    """A part of the log brings the entries of its signers' passkeys along, with their proofs."""
    proofs = lines_of(bundle, "keys-proofs.ndjson")
    for number, body in enumerate(lines_of(bundle, "keys.ndjson"), 1):
        try:
            _form, entry = Form.of(body)
            named = str(entry["subject"]).encode(), b"%d" % entry["seq"]
        except MALFORMED:
            raise Wrong("unreadable", f"keys.ndjson:{number}") from None
        index = check_inclusion(next(proofs, b""), sha256(b"\x00" + body).digest(), signed, named)
        passkeys.hear(entry, index)
    if next(proofs, None) is not None:
        raise Wrong("proof", "keys-proofs.ndjson")


# 7. Texts and files.


def check_openings(bundle: zipfile.ZipFile, said: Said, report: Report) -> set[bytes]:
    """Each text that was handed out is one that an entry commits to."""
    opened = set()
    for line in lines_of(bundle, "openings.ndjson"):
        try:
            told = json_of(line)
            salt, content = unbase64(told["salt"]), unbase64(told["content"])
            commitment: str = told["commitment"]
            digest = sha256(salt + content).digest()
            if len(salt) != 32 or digest.hex() != commitment:
                raise Wrong("opening", commitment)
        except MALFORMED:
            raise Wrong("opening", "openings.ndjson") from None
        if commitment.encode() not in said.commitments:
            raise Wrong("stray", commitment)
        opened.add(commitment.encode())
    report.texts, report.texts_absent = len(opened), len(said.commitments) - len(opened)
    return opened


def check_files(bundle: zipfile.ZipFile, said: Said, opened: set[bytes], report: Report) -> None:
    """Each file is one that an entry names, with the content that its name, a hash, stands for."""
    brought = set()
    for name in bundle.namelist():
        if not name.startswith("files/"):
            continue
        wanted, digest = name[6:70], sha256()
        if wanted not in said.files:
            raise Wrong("stray_file", name)
        for block in blocks(bundle, name):
            digest.update(block)
        if digest.hexdigest() != wanted:
            raise Wrong("file", name)
        brought.add(wanted)
    report.files = len(brought)
    for wanted, (where, named) in said.files.items():
        if wanted not in brought:
            report.files_absent += 1
            if named is not None and named not in opened:
                report.files_erased.append(f"{where}: {wanted}")


# Arithmetic.


def unbase64(text: str) -> bytes:
    """Strictly: only the one text that encodes the bytes is taken for them. Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64")
    return data


# Ed25519 as in RFC 8032, with the numbers' names of section 5.1.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
"""X, Y, Z, T with x = X/Z, y = Y/Z and x*y = T/Z."""


def add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, h, g, f = f - e, h + g, h - g, f + e
    return e * g % P, h * f % P, g * h % P, e * f % P


def times(number: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def point(data: bytes) -> Point | None:
    """The point that 32 bytes stand for; None if they stand for none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_Y = 4 * pow(5, P - 2, P) % P
BASE: Point = (_X, _Y, 1, _X * _Y % P)


def signed_by(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature fits; any encoding but the one of RFC 8032 is refused."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return all((left[at] * right[2] - right[at] * left[2]) % P == 0 for at in (0, 1))


# ECDSA over P-256 with SHA-256 (FIPS 186-5, SP 800-186).

P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
N256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B256 = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G256 = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
Jacobian = tuple[int, int, int]
"""X, Y, Z with x = X/Z**2, y = Y/Z**3; Z = 0 is the point at infinity."""


def doubled(a: Jacobian) -> Jacobian:
    x, y, z = a
    square = y * y % P256
    s = 4 * x * square % P256
    m = 3 * (x - z * z) * (x + z * z) % P256
    over = (m * m - 2 * s) % P256
    return over, (m * (s - over) - 8 * square * square) % P256, 2 * y * z % P256


def joined(a: Jacobian, b: Jacobian) -> Jacobian:
    if not a[2] or not b[2]:
        return a if a[2] else b
    one, two = a[2] * a[2] % P256, b[2] * b[2] % P256
    u, v = a[0] * two % P256, a[1] * two * b[2] % P256
    h, r = (b[0] * one - u) % P256, (b[1] * one * a[2] - v) % P256
    if not h:
        return doubled(a) if not r else (1, 1, 0)
    square = h * h % P256
    cube, u = square * h % P256, u * square % P256
    x = (r * r - cube - 2 * u) % P256
    return x, (r * (u - x) - v * cube) % P256, h * a[2] * b[2] % P256


def signed_p256(x: int, y: int, signature: bytes, message: bytes) -> bool:
    """Whether an ECDSA signature fits; SEC 1, section 4.1.4."""
    pair = der_pair(signature)
    if pair is None or not all(0 < one < N256 for one in pair):
        return False
    r, s = pair
    inverse = pow(s, -1, N256)
    first = int.from_bytes(sha256(message).digest(), "big") * inverse % N256
    second = r * inverse % N256
    own, base = (x, y, 1), (*G256, 1)
    sums = {(0, 1): own, (1, 0): base, (1, 1): joined(base, own)}
    over: Jacobian = (1, 1, 0)
    for bit in range(255, -1, -1):  # first * G + second * Q, both in one go
        over = doubled(over)
        bits = first >> bit & 1, second >> bit & 1
        if bits != (0, 0):
            over = joined(over, sums[bits])
    return over[2] != 0 and over[0] * pow(over[2], -2, P256) % P256 % N256 == r


def der_pair(data: bytes) -> tuple[int, int] | None:
    """Two positive integers in DER, in the shortest form and nothing after them."""
    if len(data) < 8 or len(data) > 72 or data[0] != 0x30 or data[1] != len(data) - 2:
        return None
    found, at = [], 2
    for _number in range(2):
        if at + 2 > len(data) or data[at] != 2:
            return None
        length, at = data[at + 1], at + 2
        value = data[at : at + length]
        if not value or len(value) != length or value[0] & 0x80:
            return None
        if length > 1 and value[0] == 0 and not value[1] & 0x80:
            return None
        found.append(int.from_bytes(value, "big"))
        at += length
    return (found[0], found[1]) if at == len(data) else None


# RSA as some security chips still have it: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2).

SHA256_DER = bytes.fromhex("3031300d060960864801650304020105000420")


def signed_rsa(modulus: bytes, exponent: bytes, signature: bytes, message: bytes) -> bool:
    n, e = int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
    length, number = (n.bit_length() + 7) // 8, int.from_bytes(signature, "big")
    if len(signature) != length or number >= n or not 256 <= length <= 1024 or e.bit_length() > 64:
        return False
    ending = b"\x00" + SHA256_DER + sha256(message).digest()
    wanted = b"\x00\x01" + b"\xff" * (length - len(ending) - 2) + ending
    return pow(number, e, n).to_bytes(length, "big") == wanted


# COSE keys (RFC 9052, 9053): a map of CBOR, of which keys need integers, bytes and maps alone.


def cbor(data: bytes, at: int = 0) -> tuple[Any, int]:
    """A value and where it ends. Raises ValueError or IndexError for anything else."""
    kind, count = data[at] >> 5, data[at] & 31
    at += 1
    if count > 23:
        width = {24: 1, 25: 2}[count]
        count, at = int.from_bytes(data[at : at + width], "big"), at + width
    if kind in (0, 1):
        return (count if kind == 0 else -1 - count), at
    if kind == 2 and at + count <= len(data):
        return data[at : at + count], at + count
    if kind != 5:
        raise ValueError("no COSE key")
    found: dict[Any, Any] = {}
    for _number in range(count):
        name, at = cbor(data, at)
        value, at = cbor(data, at)
        if not isinstance(name, int) or name in found:
            raise ValueError("no COSE key")
        found[name] = value
    return found, at


class CoseKey(NamedTuple):
    algorithm: int
    numbers: tuple[bytes, bytes]

    def signed(self, signature: bytes, message: bytes) -> bool:
        one, other = self.numbers
        if self.algorithm == ES256:
            x, y = int.from_bytes(one, "big"), int.from_bytes(other, "big")
            return signed_p256(x, y, signature, message)
        if self.algorithm == EDDSA:
            return signed_by(one, signature, message)
        return signed_rsa(one, other, signature, message)


ES256, EDDSA, RS256 = -7, -8, -257


def cose_key(data: bytes) -> CoseKey:
    """Raises ValueError, KeyError or IndexError for what is no key of the three kinds."""
    told, end = cbor(data)
    if end != len(data):
        raise ValueError("no COSE key")
    family = told[1], told[3]
    if family == (2, ES256) and told[-1] == 1:
        x, y = (int.from_bytes(told[name], "big") for name in (-2, -3))
        sizes = len(told[-2]), len(told[-3])
        if (
            sizes == (32, 32)
            and x < P256
            and y < P256
            and (y * y - x * x * x + 3 * x - B256) % P256 == 0
        ):
            return CoseKey(ES256, (told[-2], told[-3]))
    if family == (1, EDDSA) and told[-1] == 6 and len(told[-2]) == 32:
        return CoseKey(EDDSA, (told[-2], b""))
    if family == (3, RS256) and len(told[-1]) >= 256:
        return CoseKey(RS256, (told[-1], told[-2]))
    raise ValueError("no COSE key")


# What is said, in English and Chinese.

WRONG = {
    "container": (
        "The zip file is damaged, or was made so that programs unpack it differently: {where}",
        "压缩包已损坏，或其结构会使不同程序解出不同内容：{where}",
    ),
    "member": (
        "The bundle holds a member that doesn't belong there, or twice: {where}",
        "证明包中有不应存在或重复的文件：{where}",
    ),
    "missing": ("The bundle has no readable {where}.", "证明包缺少可读的 {where}。"),
    "large": ("This is larger than it can be: {where}", "超出允许的大小：{where}"),
    "cut": ("The end is missing: {where}", "文件结尾不完整：{where}"),
    "count": (
        "The bundle should hold {wanted} entries and holds {found}: {where}",
        "证明包应含 {wanted} 条审计记录，实有 {found} 条：{where}",
    ),
    "key": ("This is no key: {where}", "不是有效的公钥：{where}"),
    "policy": (
        "The policy has a line that means nothing: {where}",
        "信任策略中有无法识别的行：{where}",
    ),
    "note": ("The checkpoint is no signed note.", "检查点不是有效的签名文书。"),
    "signature": (
        "The checkpoint of {where} is not signed by the log's key.",
        "{where} 的检查点没有该日志密钥的有效签名。",
    ),
    "quorum": (
        "Too few of the witnesses that the policy asks for have cosigned; there are: {where}.",
        "信任策略要求的见证方联署不足，现有：{where}。",
    ),
    "kept": (
        "This is not the log of the checkpoint that you kept: its first {wanted} entries are "
        "others, or it has fewer. ({where})",
        "与您留存的检查点不符：前 {wanted} 条审计记录已变，或记录数少于当时。（{where}）",
    ),
    "uncompared": (
        "A part of the log can't be compared with an earlier checkpoint; export the whole record. "
        "({where})",
        "部分日志无法与较早的检查点比对，请导出完整日志。（{where}）",
    ),
    "unreadable": (
        "{where} can't be read: it is not in the one form that entries have.",
        "{where} 无法读取：不符合审计记录的规范格式。",
    ),
    "foreign": ("{where} is of another organisation.", "{where} 属于其他机构。"),
    "proof": ("{where} is not in the signed log.", "{where} 不在已签名的日志中。"),
    "order": (
        "{where} is not in the order of the log, or stands twice.",
        "{where} 未按日志顺序排列，或重复出现。",
    ),
    "root": (
        "The entries are not those that were signed ({found} found, {wanted} signed).",
        "审计记录与签名时不一致（现有 {found} 条，签名时 {wanted} 条）。",
    ),
    "gap": (
        "{where} does not follow: number {wanted} of its subject is missing.",
        "{where} 不连续：缺少该对象的第 {wanted} 条记录。",
    ),
    "link": (
        "{where} does not follow the entry before it: one of the two was changed.",
        "{where} 与前一条记录不衔接：两条记录之一已被改动。",
    ),
    "key_unreadable": (
        "{where}: what it says of a passkey can't be read.",
        "{where}：其中的通行密钥信息无法读取。",
    ),
    "key_twice": (
        "{where}: the passkey had been enrolled before.",
        "{where}：该通行密钥此前已登记。",
    ),
    "key_unknown": (
        "{where}: signed with a passkey that had not been enrolled.",
        "{where}：签名所用通行密钥当时尚未登记。",
    ),
    "key_foreign": (
        "{where}: the passkey belongs to somebody else.",
        "{where}：该通行密钥属于他人。",
    ),
    "key_unapproved": (
        "{where}: signed with a passkey that had not been approved.",
        "{where}：签名所用通行密钥当时尚未获批准。",
    ),
    "key_revoked": (
        "{where}: signed with a passkey that had been revoked.",
        "{where}：签名所用通行密钥当时已被吊销。",
    ),
    "statement": (
        "{where}: the statement that was signed is missing, or is another one.",
        "{where}：缺少所签声明，或声明并非原件。",
    ),
    "challenge": (
        "{where}: the passkey signed something else than the statement.",
        "{where}：通行密钥所签内容不是该声明。",
    ),
    "web_origin": (
        "{where}: the passkey signed on another website.",
        "{where}：通行密钥是在其他网站上签名的。",
    ),
    "rp": (
        "{where}: the passkey signed for another website.",
        "{where}：通行密钥是为其他网站签名的。",
    ),
    "unverified": (
        "{where}: the device did not check who was signing.",
        "{where}：签名时设备未验证签名人身份。",
    ),
    "assertion": (
        "{where}: the personal signature does not fit.",
        "{where}：本人签名无效。",
    ),
    "disagrees": (
        "{where}: the statement that was signed says something else than the entry ({field}).",
        "{where}：所签声明与审计记录不一致（{field}）。",
    ),
    "opening": (
        "A text is not the one that was committed to: {where}",
        "文本与所承诺的内容不一致：{where}",
    ),
    "stray": ("A text belongs to no entry: {where}", "文本不属于任何审计记录：{where}"),
    "stray_file": ("A file belongs to no entry: {where}", "文件不属于任何审计记录：{where}"),
    "file": ("A file is not the one that its name says: {where}", "文件内容与其名称不符：{where}"),
}

ALL = (
    "This is the whole log: nothing was left out of it.",
    "这是完整日志：没有遗漏任何记录。",
)
SOME = (
    "This is a part of the log: these entries are true; others may be missing from it, among them "
    "the revocation of a passkey.",
    "这是日志的一部分：可证明所含记录属实，不能证明没有其他记录（包括通行密钥的吊销记录）。",
)
UNBROKEN = (
    "No entry is missing between two of the same subject.",
    "同一对象的两条记录之间没有遗漏。",
)
BROKEN_UP = (
    "Between two entries of the same subject, others may have been left out.",
    "同一对象的两条记录之间可能略去了其他记录。",
)
BROUGHT = (
    "The keys came with the bundle. Compare them with those you got elsewhere, or give your own "
    "with --policy.",
    "所用公钥来自证明包本身。请与另行取得的公钥核对，或用 --policy 指定自己的信任策略。",
)
KEPT = (
    "The checkpoint that you kept is one of this log.",
    "您留存的检查点属于本日志。",
)
NOT_KEPT = (
    "Compared with no earlier checkpoint; give one that you kept with --checkpoint.",
    "未与较早的检查点比对；如有留存，请用 --checkpoint 指定。",
)


def sentence(wrong: Wrong, language: int) -> str:
    said = WRONG[wrong.code][language].format(where=wrong.where, **wrong.found)
    return printable(("NOT VERIFIED. ", "验证未通过。")[language] + said)


def sentences(report: Report, language: int) -> list[str]:
    witnesses = ", ".join(sorted(report.cosigned)) or ("none", "无")[language]
    said = [
        (
            f"Verified: {report.entries} entries of {report.origin}, "
            f"{report.first} to {report.last}.",
            f"验证通过：{report.origin} 的 {report.entries} 条审计记录，"
            f"{report.first} 至 {report.last}。",
        ),
        ALL if report.whole else SOME,
        *([] if report.whole else [UNBROKEN if report.unbroken else BROKEN_UP]),
        (
            f"Checkpoint at {report.size} entries; witnesses: {witnesses}.",
            f"检查点含 {report.size} 条记录；联署的见证方：{witnesses}。",
        ),
        KEPT if report.kept_checkpoint else NOT_KEPT,
        (
            f"Sign-offs: {report.personally_signed} personally signed (checked here), "
            f"{report.server_attested} server-attested (the server's word).",
            f"签批：本人签名 {report.personally_signed} 次（已在此核验），"
            f"系统证明 {report.server_attested} 次（仅凭系统说明）。",
        ),
        (
            f"Texts: {report.texts} checked, {report.texts_absent} erased or not handed out. "
            f"Files: {report.files} checked, {report.files_absent} erased or not handed out.",
            f"文本：核对 {report.texts} 份，已删除或未提供 {report.texts_absent} 份。"
            f"文件：核对 {report.files} 个，已删除或未提供 {report.files_absent} 个。",
        ),
        *((f"Erased file: {one}", f"已删除的文件：{one}") for one in report.files_erased[:SHOWN]),
        *([] if report.own_policy else [BROUGHT]),
    ]
    return [printable(one[language]) for one in said]


SHOWN = 20


def printable(text: str) -> str:
    """Nothing in a bundle can move the cursor or hide a line of the screen."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text[:1000])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", help="the zip file")
    parser.add_argument("--policy", help="a file with the keys that you trust")
    parser.add_argument("--checkpoint", help="a file with an earlier checkpoint that you kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--lang", choices=("en", "zh"), help="default: the system's language")
    given = parser.parse_args(arguments)
    spoken = given.lang or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    language = 1 if spoken.startswith("zh") else 0
    gc.disable()  # nothing here refers to itself, and a million entries would be gone through often
    try:
        own, kept = (read(path) if path else None for path in (given.policy, given.checkpoint))
        end_of(given.bundle)
        with zipfile.ZipFile(given.bundle) as bundle:
            report = check(bundle, own, kept)
    except Wrong as wrong:
        found = {"code": wrong.code, "where": wrong.where, **wrong.found}
        say({"verified": False, "first_bad": found}, [sentence(wrong, language)], given.json)
        return 1
    except BROKEN as error:
        print(printable(f"{given.bundle}: {error}"), file=sys.stderr)
        return 1
    say({"verified": True, **vars(report)}, sentences(report, language), given.json)
    return 0


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def say(found: dict[str, Any], lines: Iterable[str], as_json: bool) -> None:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    print(json.dumps(found, ensure_ascii=as_json is False) if as_json else "\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
