#!/usr/bin/env python3
"""Check a bundle of ledger entries, trusting nobody: python3 -I verify.py BUNDLE [--policy FILE]

Needs Python 3.9 or later and nothing else: no network, no account, no other package. It reads the
bundle (a zip file) and says whether everything in it is what was signed; if not, it names the first
thing that is wrong and ends with exit code 1.

What is checked, in this order:

1. The checkpoint carries the signature of the log's key, and the cosignatures of as many witnesses
   as the policy asks for. A policy of your own (--policy) is worth more than the one in the bundle:
   whoever could forge the bundle could have written that one as well.
2. Every entry, byte for byte, is in the tree whose root was signed (RFC 6962).
3. The entries of each subject follow one another: none is missing between two that are there.
4. Every text and file that was handed out is the one that the entries commit to.

What a bundle can't show: that nothing else happened. A bundle of the whole log shows that nothing
was left out of it; any other bundle shows only that what is in it is true.

Formats: https://c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy; RFC 8785 for
the bodies, which are hashed as they stand and never written again.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

NO_HASH = bytes(32)
ED25519, COSIGNATURE = 1, 4


class Wrong(Exception):
    """Something that is not as it was signed: what, where, and what was found there."""

    def __init__(self, code: str, where: str = "", **found: object) -> None:
        super().__init__(code)
        self.code, self.where, self.found = code, where, found


def unbase64(text: str) -> bytes:
    """Strictly: only the one text that encodes the bytes is taken for them. Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64")
    return data


# Signatures: Ed25519 as in RFC 8032, with the numbers' names of section 5.1.

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


# Notes: a text, an empty line, signatures.


class Key(NamedTuple):
    name: str
    id: bytes
    kind: int
    public: bytes


def key(vkey: str) -> Key:
    try:
        name, told, data = vkey.split("+", 2)
        raw = unbase64(data)
    except ValueError:
        raise Wrong("key", vkey) from None
    own = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE) or own.hex() != told:
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
    body, gap, lines = text.rpartition("\n\n")
    signatures = []
    for line in lines.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, data = rest.partition(" ")
        try:
            signatures.append((name, unbase64(data)))
        except ValueError:
            raise Wrong("note") from None
        if dash != "\u2014":
            raise Wrong("note")
    if not gap:
        raise Wrong("note")
    return Note(body + "\n", signatures)


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
            if not count.isdecimal():
                raise Wrong("policy", line)
            read.groups[words[1]] = (int(count), members)
        elif words[:1] == ["quorum"] and len(words) == 2 and words[1] in known:
            read = read._replace(quorum=words[1])
        elif words:
            raise Wrong("policy", line)
    return read


# The tree.


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Adds leaves one by one; keeps the roots of the perfect subtrees they make, largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        size = self.size
        while size & 1:
            leaf, size = node(self._peaks.pop(), leaf), size >> 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self._peaks:
            return hashlib.sha256().digest()
        over = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            over = node(peak, over)
        return over


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


# The bundle.


class Report:
    """What was found, for the end."""

    def __init__(self) -> None:
        self.entries = self.texts = self.erased = self.files = 0
        self.origin = self.scope = ""
        self.size = 0
        self.whole = False
        self.own_policy = False
        self.cosigned: dict[str, int] = {}
        self.evidence: dict[str, int] = {}
        self.first = self.last = ""


def check(bundle: zipfile.ZipFile, own_policy: str | None) -> Report:
    """Everything, in the order of the docstring above. Raises Wrong at the first wrong thing."""
    report = Report()
    report.own_policy = own_policy is not None
    wanted = policy(own_policy if own_policy is not None else text_of(bundle, "policy.txt"))
    root = check_checkpoint(note(text_of(bundle, "checkpoint.txt")), wanted, report)
    manifest = json.loads(text_of(bundle, "manifest.json"))
    report.scope, report.whole = manifest["scope"], manifest["whole"]
    committed = check_entries(bundle, root, report)
    check_openings(bundle, committed, report)
    check_files(bundle, report)
    return report


def text_of(bundle: zipfile.ZipFile, name: str) -> str:
    try:
        return bundle.read(name).decode()
    except (KeyError, UnicodeDecodeError, zipfile.BadZipFile):
        raise Wrong("missing", name) from None


def lines_of(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    if name in bundle.namelist():
        with bundle.open(name) as file:
            rest = b""
            while block := file.read(1 << 20):
                *lines, rest = (rest + block).split(b"\n")
                yield from lines
            if rest:
                yield rest


def parsed(body: bytes) -> dict[str, Any]:
    """As `json.loads`, without what that tries first; raises ValueError as well."""
    text = body.decode()
    entry, end = READ(text)
    if end != len(text) or not isinstance(entry, dict):
        raise ValueError("more than one object")
    return entry


READ = json.JSONDecoder().raw_decode


def check_checkpoint(signed: Note, wanted: Policy, report: Report) -> bytes:
    """The root that is signed. The policy's log key, and as many witnesses as it asks for."""
    try:
        report.origin, size, root = signed.text.split("\n")[:3]
        report.size = int(size)
        digest = unbase64(root)
    except ValueError:
        raise Wrong("note") from None
    ours = [one for one in wanted.logs if one.name == report.origin]
    if not any(signed.signed_by(one) is not None for one in ours):
        raise Wrong("signature", report.origin)
    for name, witness in wanted.witnesses.items():
        seen = signed.signed_by(witness)
        if seen is not None:
            report.cosigned[name] = seen
    if not wanted.holds(set(report.cosigned), wanted.quorum):
        raise Wrong("quorum", ", ".join(sorted(report.cosigned)) or "–")
    return digest


def check_entries(bundle: zipfile.ZipFile, root: bytes, report: Report) -> set[str]:
    """Bytes, tree and chains; returns every commitment that the entries hold."""
    tree = Tree()
    heads: dict[str, tuple[int, bytes]] = {}
    committed: set[str] = set()
    proofs = lines_of(bundle, "proofs.ndjson")
    for number, body in enumerate(lines_of(bundle, "entries.ndjson")):
        where = f"entry {number + 1}"
        leaf = hashlib.sha256(b"\x00" + body).digest()
        if report.whole:
            tree.add(leaf)
        else:
            check_inclusion(next(proofs, b""), leaf, root, where, report)
        try:
            entry = parsed(body)
            subject, seq, prev = entry["subject"], entry["seq"], entry["prev"]
            where = f"{subject} #{seq}"
            facts = entry["facts"]
        except (ValueError, KeyError, TypeError):
            raise Wrong("unreadable", where) from None
        check_link(heads, subject, seq, prev, leaf, where, report)
        if b'"commitment":"' in body:
            committed.update(commitments(facts))
        tell(entry, report)
    if report.whole and (tree.size != report.size or tree.root() != root):
        raise Wrong("root", report.origin, found=tree.size, wanted=report.size)
    return committed


def check_inclusion(proof: bytes, leaf: bytes, root: bytes, where: str, report: Report) -> None:
    try:
        told = json.loads(proof)
        path = [unbase64(one) for one in told["path"]]
        found = leads_to(leaf, told["index"], report.size, path)
    except (ValueError, KeyError, TypeError):
        raise Wrong("proof", where) from None
    if found != root:
        raise Wrong("proof", where)


def check_link(
    heads: dict[str, tuple[int, bytes]],
    subject: str,
    seq: int,
    prev: str,
    leaf: bytes,
    where: str,
    report: Report,
) -> None:
    """The entry follows the one of its subject before it; a chain in the whole log begins at 1."""
    begins = 1 if report.whole else seq
    before, head = heads.get(subject, (begins - 1, NO_HASH if seq == 1 else bytes.fromhex(prev)))
    if seq != before + 1:
        raise Wrong("gap", where, wanted=before + 1)
    if head.hex() != prev:
        raise Wrong("link", where)
    heads[subject] = (seq, leaf)


def commitments(facts: Any) -> Iterator[str]:
    waiting = [facts]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if set(value) == {"commitment"}:
                yield value["commitment"]
            else:
                waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def tell(entry: dict[str, Any], report: Report) -> None:
    """Count for the report."""
    report.entries += 1
    at = entry["at"]
    if at < report.first or not report.first:
        report.first = at
    if at > report.last:
        report.last = at
    if entry["kind"] == "approval.signed_off":
        evidence = entry["facts"]["sign_off"].get("evidence", "session")
        report.evidence[evidence] = report.evidence.get(evidence, 0) + 1


def check_openings(bundle: zipfile.ZipFile, committed: set[str], report: Report) -> None:
    """Each text that was handed out is one that an entry commits to."""
    opened = set()
    for line in lines_of(bundle, "openings.ndjson"):
        try:
            told = json.loads(line)
            salt = unbase64(told["salt"])
            content = unbase64(told["content"])
            commitment = told["commitment"]
        except (ValueError, KeyError, TypeError):
            raise Wrong("opening", "openings.ndjson") from None
        if hashlib.sha256(salt + content).hexdigest() != commitment:
            raise Wrong("opening", commitment)
        if commitment not in committed:
            raise Wrong("stray", commitment)
        opened.add(commitment)
    report.texts, report.erased = len(opened), len(committed) - len(opened)


def check_files(bundle: zipfile.ZipFile, report: Report) -> None:
    """Each file has the content that its name, a SHA-256 hash, stands for."""
    for name in bundle.namelist():
        if name.startswith("files/") and not name.endswith("/"):
            digest = hashlib.sha256()
            with bundle.open(name) as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    digest.update(block)
            if digest.hexdigest() != name[6:70]:
                raise Wrong("file", name)
            report.files += 1


# What is said, in Chinese and English.

WRONG = {
    "missing": ("The bundle has no readable {where}.", "证明包缺少可读的 {where}。"),
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
    "unreadable": ("{where} can't be read.", "{where} 无法读取。"),
    "proof": ("{where} is not in the signed log.", "{where} 不在已签名的日志中。"),
    "root": (
        "The entries are not those that were signed ({found} found, {wanted} signed).",
        "审计记录与签名时不一致（现有 {found} 条，签名时 {wanted} 条）。",
    ),
    "gap": (
        "{where} does not follow: number {wanted} of its subject is missing.",
        "{where} 不连续：缺少该对象的第 {wanted} 条记录。",
    ),
    "link": (
        "{where} does not follow the entry before it.",
        "{where} 与前一条记录不衔接。",
    ),
    "opening": (
        "A text is not the one that was committed to: {where}",
        "文本与所承诺的内容不一致：{where}",
    ),
    "stray": ("A text belongs to no entry: {where}", "文本不属于任何审计记录：{where}"),
    "file": ("A file is not the one that its name says: {where}", "文件内容与其名称不符：{where}"),
}


def sentence(wrong: Wrong, language: int) -> str:
    return WRONG[wrong.code][language].format(where=wrong.where, **wrong.found)


def sentences(report: Report, language: int) -> list[str]:
    witnesses = ", ".join(sorted(report.cosigned)) or "–"
    said = [
        (
            f"Whole: {report.entries} entries of {report.origin}, {report.first} to {report.last}.",
            f"完整：{report.origin} 的 {report.entries} 条审计记录，"
            f"{report.first} 至 {report.last}。",
        ),
        ALL if report.whole else SOME,
        (
            f"Checkpoint at {report.size} entries; witnesses: {witnesses}.",
            f"检查点含 {report.size} 条记录；联署的见证方：{witnesses}。",
        ),
        (
            f"Texts: {report.texts} checked, {report.erased} not in the bundle or erased. "
            f"Files: {report.files} checked.",
            f"文本：核对 {report.texts} 份，{report.erased} 份未附或已删除。"
            f"文件：核对 {report.files} 个。",
        ),
    ]
    return [one[language] for one in [*said, *([] if report.own_policy else [BROUGHT])]]


ALL = (
    "This is the whole log: nothing was left out of it.",
    "这是完整日志：没有遗漏任何记录。",
)
SOME = (
    "This is a part of the log: these entries are true; others may be missing from it.",
    "这是日志的一部分：可证明所含记录属实，不能证明没有其他记录。",
)
BROUGHT = (
    "The keys came with the bundle. Compare them with those you got elsewhere, or give your own "
    "with --policy.",
    "所用公钥来自证明包本身。请与另行取得的公钥核对，或用 --policy 指定自己的信任策略。",
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", help="the zip file")
    parser.add_argument("--policy", help="a file with the keys that you trust")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--lang", choices=("en", "zh"), help="default: the system's language")
    given = parser.parse_args(arguments)
    spoken = given.lang or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    language = 1 if spoken.startswith("zh") else 0
    try:
        own = None
        if given.policy:
            with open(given.policy, encoding="utf-8") as file:
                own = file.read()
        with zipfile.ZipFile(given.bundle) as bundle:
            report = check(bundle, own)
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        print(f"{given.bundle}: {error}", file=sys.stderr)
        return 1
    except Wrong as wrong:
        found = {"code": wrong.code, "where": wrong.where, **wrong.found}
        said = json.dumps({"verified": False, "first_bad": found}, ensure_ascii=False)
        print(said if given.json else sentence(wrong, language))
        return 1
    said = json.dumps({"verified": True, **vars(report)}, ensure_ascii=False)
    print(said if given.json else "\n".join(sentences(report, language)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
