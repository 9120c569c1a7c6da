"""The verifier's own parts: how it reads entries, what it refuses of a zip file, whose signatures
it takes. Against other programs and against the vectors that the standards publish.
"""

import hashlib
import io
import json
import os
import random
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from audit import verify
from tests.audit.histories import History, checked, lines, zipped
from tests.authenticator import unb64

SIGNATURES = int(os.environ.get("DUBAN_SIGNATURES", "100"))


def honest(seed: int = 1) -> History:
    history = History(random.Random(seed))
    history.live(15)
    return history


def problem(history: History, **options: Any) -> tuple[str, str]:
    with pytest.raises(verify.Wrong) as wrong:
        checked(history.bundle(**options), history.policy)
    assert "{" not in verify.sentence(wrong.value, 0) + verify.sentence(wrong.value, 1)
    return wrong.value.code, wrong.value.where


# Entries are read as any reader of JSON reads them

names = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6)
keys = names | st.sampled_from(["sha256", "source", "name", "evidence", "passkey"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15) + 1, 10**15 - 1)
    | names
    | st.sampled_from(["ab" * 32, "task:" + "0" * 36, "2026-11-16T01:30:00.000000Z"])
    | st.fixed_dictionaries({"commitment": st.sampled_from(["ab" * 32, "cd" * 32])}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def entries(draw: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        "acting_for": draw(st.none() | names),
        "action": draw(names),
        "actor": draw(names),
        "at": draw(st.sampled_from(["2026-11-16T01:30:00.000000Z", "later"])),
        "capacity": draw(st.none() | st.fixed_dictionaries({"title": names})),
        "facts": draw(st.dictionaries(keys, values, max_size=3)),
        "kind": draw(st.sampled_from(["task.noted", "approval.asked"])),
        "organisation": "here",
        "prev": draw(st.sampled_from(["00" * 32, "ef" * 32])),
        "seq": draw(st.integers(1, 10**15 - 1)),
        "subject": draw(st.sampled_from(["task:" + "1" * 36, "plan:x"])),
        "v": 1,
    }


def as_json_reads(body: bytes) -> tuple[bytes, ...]:
    entry = json.loads(body)
    fields = [entry["at"], *verify.commitments_in(entry), entry["prev"]]
    return tuple(one.encode() for one in [*fields, str(entry["seq"]), entry["subject"]])


@given(st.lists(entries(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_quick_reading_is_that_of_any_json_reader(
    made: list[dict[str, Any]], chance: random.Random
) -> None:
    read = eager().read
    bodies = [rfc8785.dumps(one) for one in made]
    for body in [*bodies, *bodies, *(varied(one, chance) for one in made)]:
        form, fields = read(body)
        assert fields == as_json_reads(body)
        plainly, _entry = verify.Form.of(body)
        assert vars(form) | {"fields": fields} == vars(plainly)


def eager() -> verify.Bodies:
    """A reader that learns a pattern from every body that it meets."""
    found = verify.Bodies()
    found.OFTEN = 1
    return found


def varied(entry: dict[str, Any], chance: random.Random) -> bytes:
    """An entry of the same form with other strings and numbers: one that a pattern may fit."""
    other = {**entry, "seq": chance.randrange(1, 10**6), "actor": f"x{chance.randrange(99)}"}
    return rfc8785.dumps(other)


@given(entries(), st.data())
def test_whatever_is_not_canonical_is_refused(made: dict[str, Any], data: st.DataObject) -> None:
    """A byte changed, put in or left out: read as JSON reads it, or refused; never otherwise."""
    read, body = eager().read, rfc8785.dumps(made)
    read(body)
    place = data.draw(st.integers(0, len(body) - 1))
    byte = data.draw(st.sampled_from(b' \\"{}[]:,0aA-e.') | st.integers(32, 255))
    length = data.draw(st.sampled_from([0, 1]))
    changed = body[:place] + bytes([byte]) + body[place + length :]
    if not verify.is_text(changed):
        return  # refused before, as a line
    try:
        _form, fields = read(changed)
    except (*verify.MALFORMED, verify.Wrong):  # of another organisation
        return
    assert fields == as_json_reads(changed)
    assert rfc8785.dumps(json.loads(changed)) == changed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"source": "import"}, {"source": "ab" * 32}),
        ({"sign_off": {"evidence": "session"}}, {"sign_off": {"evidence": "passkey"}}),
    ],
)
def test_no_pattern_hides_a_file_or_a_personal_signature(before: Any, after: Any) -> None:
    read = eager().read
    entry: dict[str, Any] = dict.fromkeys(verify.KEYS) | {"seq": 1, "v": 1}
    entry |= dict.fromkeys(("at", "organisation", "prev", "subject"), "x")
    entry["kind"] = "approval.signed_off" if "sign_off" in before else "plan.drafted"
    read(rfc8785.dumps(entry | {"facts": before}))
    form, _fields = read(rfc8785.dumps(entry | {"facts": after}))
    assert not form.is_plain


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b'"v":1', b'"v":1 '),
        lambda body: body.replace(b'"v":1', b'"v":1.0'),
        lambda body: body.replace(b'"v":1', b'"v":2'),
        lambda body: body.replace(b'"seq":', b'"seq":0'),
        lambda body: body.replace(b'"v":1', b'"v":1,"v":1'),
        lambda body: body.replace(b'{"acting_for":null,', b"{"),
        lambda body: body.replace(b'"acting_for":null', b'"acting_for":NaN'),
        lambda body: body.replace(b"task", b"\\u0074ask", 1),
        lambda body: body.replace(
            b'"facts":{', b'"facts":{"z":' + b"[" * 9000 + b"]" * 9000 + b","
        ),
        lambda body: body + body,
        lambda body: b"",
    ],
)
def test_a_body_of_another_form_is_refused(change: Callable[[bytes], bytes]) -> None:
    history = History(random.Random(3))
    history.note()
    files = history.bundle() | {"entries.ndjson": change(history.log[0].body) + b"\n"}
    with pytest.raises(verify.Wrong) as wrong:
        checked(files, history.policy)
    assert (wrong.value.code, wrong.value.where) == ("unreadable", "entry 1")


def test_entries_of_two_organisations_are_no_log() -> None:
    history = honest()
    history.organisation = history.uuid()
    history.note()
    assert problem(history)[0] == "foreign"


# The container

Change = Callable[[zipfile.ZipFile], object]


def odd_zip(change: Change) -> io.BytesIO:
    file = zipped(honest().bundle())
    with zipfile.ZipFile(file, "a") as archive:
        change(archive)
    return file


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("index.html")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def bomb(archive: zipfile.ZipFile) -> None:
    with archive.open(zipfile.ZipInfo("manifest.json"), "w") as file:
        for _block in range(64):
            file.write(bytes(1 << 20))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "change",
    [
        lambda archive: archive.writestr("entries.ndjson", b""),
        lambda archive: archive.writestr("/etc/passwd", b""),
        lambda archive: archive.writestr("../verify.py", b""),
        lambda archive: archive.writestr("files/", b""),
        lambda archive: archive.writestr("files/a.pdf", b""),
        lambda archive: archive.writestr("statements.ndjson\0", b""),
        lambda archive: setattr(archive, "comment", b"hidden"),
        link,
    ],
)
def test_an_odd_zip_file_is_refused(change: Change, tmp_path: Path) -> None:
    path = tmp_path / "odd.zip"
    path.write_bytes(odd_zip(change).getvalue())
    done = ran(path)
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["first_bad"]["code"] in ("member", "container")


def ran(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", verify.__file__, str(path), "--json", *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\5\6" + bytes(18)])
def test_something_else_than_a_zip_file_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    done = ran(path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_bytes_before_and_after_the_zip_file_are_refused(tmp_path: Path) -> None:
    whole = zipped(honest().bundle()).getvalue()
    for data in (whole + b"x", b"#!/bin/sh\n" + whole, whole[:-1]):
        path = tmp_path / "x.zip"
        path.write_bytes(data)
        assert json.loads(ran(path).stdout)["first_bad"]["code"] == "container"


def test_members_that_share_their_bytes_are_refused() -> None:
    """As in a zip bomb: many names for one long member."""
    file = zipped({**honest().bundle(), "index.html": b"x"})
    with zipfile.ZipFile(file) as archive:
        archive.getinfo("index.html").header_offset = archive.getinfo(
            "entries.ndjson"
        ).header_offset
        with pytest.raises(verify.Wrong) as wrong:
            verify.check_container(archive)
    assert wrong.value.code == "container"


def test_a_member_that_unpacks_without_end_is_refused_early() -> None:
    files = honest().bundle()
    del files["manifest.json"]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        bomb(archive)
    with zipfile.ZipFile(file) as archive, pytest.raises(verify.Wrong) as wrong:
        verify.check(archive, None)
    assert (wrong.value.code, wrong.value.where) == ("large", "manifest.json")


def test_a_line_that_never_ends_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "LONGEST", 1000)
    history = honest()
    files = history.bundle() | {"openings.ndjson": bytes([65]) * verify.BLOCK}
    with pytest.raises(verify.Wrong) as wrong:
        checked(files, history.policy)
    assert wrong.value.code == "large"


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped(honest().bundle()).getvalue())
    data[data.index(b"acting_for")] ^= 1
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    assert json.loads(ran(path).stdout)["first_bad"] == {
        "code": "missing",
        "where": "entries.ndjson",
    }


@pytest.mark.parametrize("manifest", [b"[]", b"{}", b"{", b'{"scope":1,"scope":2,"whole":true}'])
def test_a_manifest_that_says_nothing_is_refused(manifest: bytes) -> None:
    history = honest()
    with pytest.raises(verify.Wrong) as wrong:
        checked(history.bundle() | {"manifest.json": manifest}, history.policy)
    assert wrong.value.where == "manifest.json"


def test_nothing_that_a_bundle_says_moves_the_cursor() -> None:
    wrong = verify.Wrong("member", "\x1b[2Jverify.py\u202e\r\nVerified: all")
    assert verify.sentence(wrong, 0).isprintable()


# Texts, files, an earlier checkpoint


def test_an_erased_file_is_named_and_everything_else_still_holds() -> None:
    history = History(random.Random(5))
    while not history.kept:
        history.submit()
    entry = next(one for one in history.log if b"sha256" in one.body).entry
    file = entry["facts"]["evidence"][0]
    del history.openings[bytes.fromhex(file["name"]["commitment"])]
    report = checked(history.bundle(), history.policy)
    assert report.files_erased == [f"{entry['subject']} #{entry['seq']}: {file['sha256']}"]
    assert file["sha256"] in "".join(verify.sentences(report, 0))


def test_a_kept_checkpoint_is_compared_with_the_whole_log_only() -> None:
    history = honest()
    kept = history.note_at(3, cosigned=False)
    assert checked(history.bundle(), history.policy, kept).kept_checkpoint
    with pytest.raises(verify.Wrong, match="uncompared"):
        checked(history.bundle(history.tasks), history.policy, kept)
    with pytest.raises(verify.Wrong, match="kept"):
        checked(history.bundle(), history.policy, honest(2).note_at(3, cosigned=False))


def test_a_part_with_holes_says_so() -> None:
    history = honest()
    history.live(40)
    made = history.bundle([history.tasks[0]]) | {"openings.ndjson": b""}
    files = {name: data for name, data in made.items() if not name.startswith("files/")}
    for name in ("entries.ndjson", "proofs.ndjson"):
        rows = files[name].splitlines(keepends=True)
        assert len(rows) > 2
        files[name] = b"".join(rows[:1] + rows[2:])
    hole = json.loads(files["manifest.json"]) | {"entries": files["entries.ndjson"].count(b"\n")}
    left = signed_in(files)
    by_hash = {
        hashlib.sha256(one).hexdigest(): one for one in files["statements.ndjson"].splitlines()
    }
    files["statements.ndjson"] = lines(by_hash[one] for one in left)
    with pytest.raises(verify.Wrong, match="gap"):
        checked(files | {"manifest.json": json.dumps(hole).encode()}, history.policy)
    report = checked(
        files | {"manifest.json": json.dumps(hole | {"unbroken": False}).encode()}, history.policy
    )
    assert "may have been left out" in "".join(verify.sentences(report, 0))


def signed_in(files: dict[str, bytes]) -> list[str]:
    """The hashes of what was signed, in the order of the entries."""
    found = [
        json.loads(line)["facts"].get("sign_off", {})
        for line in files["entries.ndjson"].splitlines()
    ]
    return [one["statement"] for one in found if "passkey" in one]


def test_bundles_of_earlier_versions_still_hold() -> None:
    """Without statements, keys and files, and with a shorter manifest."""
    history = History(random.Random(6))
    for _step in range(5):
        history.note()
        history.attest()
    for subjects in (None, history.tasks[:1]):
        files = history.bundle(subjects)
        manifest = {"v": 1, "scope": "all", "whole": subjects is None, "exported_at": "2026-11-16"}
        for name in ("statements.ndjson", "keys.ndjson", "keys-proofs.ndjson"):
            files.pop(name, None)
        report = checked(files | {"manifest.json": json.dumps(manifest).encode()}, history.policy)
        assert report.server_attested
        assert not report.personally_signed


# Personal signatures


def signed_as(**bent: Any) -> History:
    """A log whose last entry is a sign-off that went another way."""
    history = History(random.Random(4))
    history.enrol()
    history.approve()
    history.sign_as(history.people[0], **bent)
    return history


@pytest.mark.parametrize(
    ("bent", "code"),
    [
        ({"uv": False}, "unverified"),
        ({"up": False}, "unverified"),
        ({"origin": "https://duban.example.evil"}, "web_origin"),
        ({"cross_origin": True}, "web_origin"),
        ({"rp_id": "evil.example"}, "rp"),
        ({"type": "webauthn.create"}, "challenge"),
        ({"challenge": bytes(32)}, "challenge"),
        ({"signature": bytes(64)}, "assertion"),
        ({"authenticator_data": b"x" * 37}, "rp"),
    ],
)
def test_a_signature_that_went_another_way_is_named(bent: dict[str, Any], code: str) -> None:
    if "challenge" in bent:
        history = signed_as()
        sign_off = history.log[-1]
        history.log.pop()
        other = history.people[0].device.get(challenge=bent["challenge"])["response"]
        entry = sign_off.entry
        entry["facts"]["sign_off"]["passkey"] |= {
            "client_data": unb64(other["clientDataJSON"]).hex()
        }
        sign_off.body = rfc8785.dumps(entry)
        history.log.append(sign_off)
    else:
        history = signed_as(**bent)
    entry = history.log[-1].entry
    assert problem(history) == (code, f"{entry['subject']} #{entry['seq']}")


def test_a_passkey_counts_only_while_it_is_in_force() -> None:
    history = honest()
    history.sign_as(honest(8).people[0])
    assert problem(history)[0] == "key_unknown"

    history = honest()
    while not history.able():
        history.enrol()
    holder = history.able()[0]
    history.append(holder.subject, "passkey.revoked", holder.subject, history.about(holder))
    history.sign_as(holder)
    assert problem(history)[0] == "key_revoked"
    task = history.log[-1].subject
    assert problem(history, subjects=[task])[0] == "key_revoked"

    history = honest()
    while not history.people[-1].waits:
        history.enrol()
    history.sign_as(history.people[-1])
    assert problem(history)[0] == "key_unapproved"


def test_somebody_else_s_passkey_is_named() -> None:
    history = honest()
    while not history.able():
        history.enrol()
    holder = history.able()[0]
    holder.id = history.uuid()
    history.sign_as(holder)
    assert problem(history)[0] == "key_foreign"


def test_a_sign_off_later_revoked_still_holds() -> None:
    history = honest()
    while not history.able():
        history.enrol()
    history.sign()
    before = checked(history.bundle(), history.policy).personally_signed
    while history.able():
        history.revoke()
    assert checked(history.bundle(), history.policy).personally_signed == before


def test_rsa_keys_of_some_devices_are_read() -> None:
    private = rsa.generate_private_key(65537, 2048)
    numbers = private.public_key().public_numbers()
    modulus = numbers.n.to_bytes(256, "big")
    public = verify.cose_key(cbor2.dumps({1: 3, 3: -257, -1: modulus, -2: b"\x01\x00\x01"}))
    signature = private.sign(b"yes", padding.PKCS1v15(), hashes.SHA256())
    assert public.signed(signature, b"yes")
    assert not public.signed(signature, b"no")
    assert not public.signed(signature[:-1], b"yes")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa0",
        b"\x01",
        b"\xbf\xff",
        cbor2.dumps({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}),
        cbor2.dumps({1: 2, 3: -7, -1: 2, -2: bytes(32), -3: bytes(32)}),
        cbor2.dumps({1: 1, 3: -8, -1: 6, -2: bytes(31)}),
        cbor2.dumps({1: 1, 3: -8, -1: 6, -2: bytes(32)}) + b"\0",
        b"\xa1" * 5000,
    ],
)
def test_what_is_no_key_is_no_key(data: bytes) -> None:
    with pytest.raises(verify.MALFORMED):
        verify.cose_key(data)


# The arithmetic, against another's


def test_two_implementations_agree_on_signatures() -> None:
    assert disagreements(SIGNATURES, seed=1) == []


@pytest.mark.nightly
def test_two_implementations_agree_on_a_thousand_signatures() -> None:
    assert disagreements(1000, seed=2) == []


def disagreements(count: int, seed: int) -> list[str]:
    """Messages, keys and signatures by chance, every other one broken somewhere."""
    chance, found = random.Random(seed), []
    for number in range(count):
        message = chance.randbytes(number % 90)
        own = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public = own.public_key().public_bytes_raw()
        signature = bent(own.sign(message), number, chance)
        if verify.signed_by(public, signature, message) is not taken_by_ed25519(
            public, signature, message
        ):
            found.append(f"Ed25519 {public.hex()} {signature.hex()} {message.hex()}")
        point = ec.derive_private_key(chance.randrange(1, verify.N256), ec.SECP256R1())
        signature = bent(point.sign(message, ec.ECDSA(hashes.SHA256())), number, chance)
        numbers = point.public_key().public_numbers()
        ours = verify.signed_p256(numbers.x, numbers.y, signature, message)
        if ours is not taken_by_p256(point.public_key(), signature, message):
            found.append(f"P-256 {numbers} {signature.hex()} {message.hex()}")
    return found


def bent(signature: bytes, number: int, chance: random.Random) -> bytes:
    if number % 2 == 0:
        return signature
    changed = bytearray(signature)
    kind = chance.choice(["flip", "cut", "longer", "padded"])
    if kind == "flip":
        place = chance.randrange(len(changed) * 8)
        changed[place // 8] ^= 1 << place % 8
    elif kind == "cut":
        del changed[chance.randrange(len(changed)) :]
    elif kind == "longer":
        changed += chance.randbytes(1)
    else:  # in DER, a number with a zero that it doesn't need
        changed[1:4] = bytes([(changed[1] + 1) % 256, 2, (changed[3] + 1) % 256, 0])
    return bytes(changed)


def taken_by_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def taken_by_p256(public: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
