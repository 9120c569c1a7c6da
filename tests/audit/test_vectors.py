"""The verifier against the vectors that the standards publish, copied from them as they stand."""

import base64
import hashlib

import cbor2
import pytest

from audit import merkle, verify

# RFC 8032, section 7.1: secret keys are left out; public key, message, signature.
ED25519 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]

# RFC 6979, section A.2.5: ECDSA over P-256 with SHA-256; message, r, s.
P256_KEY = (
    0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6,
    0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299,
)
P256 = [
    (
        b"sample",
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    ),
    (
        b"test",
        0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
        0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), ED25519)
def test_ed25519_signatures_of_rfc_8032(public: str, message: str, signature: str) -> None:
    key, said, signed = map(bytes.fromhex, (public, message, signature))
    assert verify.signed_by(key, signed, said)
    assert not verify.signed_by(key, signed, said + b"\0")
    # The same number with the order of the group added is another encoding of it: refused.
    number = int.from_bytes(signed[32:], "little") + verify.L
    assert not verify.signed_by(key, signed[:32] + number.to_bytes(32, "little"), said)


def der(r: int, s: int) -> bytes:
    """As SEC 1, section C.8 writes a signature."""
    parts = b""
    for number in (r, s):
        value = number.to_bytes(number.bit_length() // 8 + 1, "big")
        parts += bytes([2, len(value)]) + value
    return bytes([0x30, len(parts)]) + parts


@pytest.mark.parametrize(("message", "r", "s"), P256)
def test_p256_signatures_of_rfc_6979(message: bytes, r: int, s: int) -> None:
    x, y = P256_KEY
    assert verify.signed_p256(x, y, der(r, s), message)
    assert not verify.signed_p256(x, y, der(r, s), message + b" ")
    assert not verify.signed_p256(x, y, der(s, r), message)
    for number in (0, verify.N256, r + verify.N256):
        assert not verify.signed_p256(x, y, der(number, s), message)
        assert not verify.signed_p256(x, y, der(r, number), message)


def test_p256_keys_are_points_of_the_curve() -> None:
    x, y = P256_KEY
    key = {1: 2, 3: -7, -1: 1, -2: x.to_bytes(32, "big"), -3: y.to_bytes(32, "big")}
    assert verify.cose_key(cbor2.dumps(key)).algorithm == -7
    with pytest.raises(ValueError, match="COSE"):
        verify.cose_key(cbor2.dumps(key | {-3: (y ^ 1).to_bytes(32, "big")}))


# https://c2sp.org/signed-note, "Format"; the key is that of its example.
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_the_signed_note_of_c2sp() -> None:
    read = verify.note(NOTE)
    assert read.signed_by(verify.key(NEUMANN)) == 0
    assert verify.note(NOTE.replace("you", "You", 1)).signed_by(verify.key(NEUMANN)) is None


# https://c2sp.org/tlog-cosignature: its example, whose keys are not published.
COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv"
    "2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b"
    "2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def test_the_cosigned_checkpoint_of_c2sp_is_read() -> None:
    read = verify.note(COSIGNED)
    told = verify.checkpoint(read.text)
    assert (told.origin, told.size) == ("example.com/behind-the-sofa", 20852163)
    (log, signed), (witness, cosigned) = read.signatures
    assert (log, len(signed)) == ("example.com/behind-the-sofa", 4 + 64)
    assert (witness, len(cosigned)) == ("witness.example.com/w1", 4 + 8 + 64)
    assert int.from_bytes(cosigned[4:12], "big") == 1679315147  # 20 March 2023


def test_a_key_s_id_follows_from_its_name_and_bytes() -> None:
    """https://c2sp.org/signed-note: SHA-256(name || 0x0A || type || key)[:4]."""
    with pytest.raises(verify.Wrong, match="key"):
        verify.key(NEUMANN.replace("Peter", "Petra"))
    with pytest.raises(verify.Wrong, match="key"):
        verify.key(NEUMANN.replace("c74f20a3", "c74f20a4"))


# The eight leaves of certificate-transparency's published example, and its roots.
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    bytes(range(96, 112)).hex(),
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Leaf (from 0), size, path.
PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        3,
        ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    ),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def leaf(number: int) -> bytes:
    return hashlib.sha256(b"\0" + bytes.fromhex(LEAVES[number])).digest()


def test_the_roots_of_the_published_tree() -> None:
    tree = verify.Tree()
    for size, root in enumerate(ROOTS):
        assert tree.root().hex() == root
        if size < len(LEAVES):
            tree.add(leaf(size))


@pytest.mark.parametrize(("index", "size", "path"), PATHS)
def test_the_inclusion_proofs_of_the_published_tree(index: int, size: int, path: list[str]) -> None:
    steps = [bytes.fromhex(one) for one in path]
    root = verify.leads_to(leaf(index), index, size, steps)
    assert root is not None
    assert root.hex() == ROOTS[size]
    assert merkle.included(leaf(index), index, size, steps, root)
    assert verify.leads_to(leaf(index), index, size, [*steps, bytes(32)]) is None


def test_trees_in_blocks_have_the_roots_of_trees_leaf_by_leaf() -> None:
    leaves = [
        hashlib.sha256(bytes([number % 256, number // 256])).digest() for number in range(600)
    ]

    class Small(verify.Tree):
        LEAVES = 16

    small = Small()
    for size, one in enumerate(leaves, 1):
        small.add(one)
        if size % 7 == 0 or size % 16 in (0, 1, 15):
            assert small.root() == verify.fold(leaves[:size])


def test_base64_has_one_text_for_some_bytes() -> None:
    text = base64.b64encode(b"abcd").decode()
    assert verify.unbase64(text) == b"abcd"
    for other in (text.replace("==", "="), text.replace("ZA", "ZB"), text + "\n", " " + text):
        with pytest.raises(ValueError, match=r"base64|padding|character"):
            verify.unbase64(other)
