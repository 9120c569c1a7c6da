"""What text is searched by: the same in Python and in the database."""

from itertools import pairwise
from unicodedata import normalize

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from audit.search import grams

TEXT = st.text(
    st.one_of(
        st.sampled_from("督办统战部ＡaＺ１1%_\\'\"=“” \n\t\u3000\u00e9"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=80,
)


@pytest.mark.django_db
@given(TEXT)
def test_the_database_makes_the_same_grams(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cjk_grams(%s)", [text])
        found = cursor.fetchone()[0]
    assert None not in found
    assert set(found) == grams.grams(text)


@given(TEXT, TEXT, TEXT)
def test_a_text_has_every_gram_that_its_words_ask_for(before: str, word: str, after: str) -> None:
    folded = grams.folded(before + word + after)
    words = [one for one in grams.words(word) if one in folded]
    assert set(grams.asked(words)) <= grams.grams(folded)


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    folded = grams.folded(text)
    assert len(folded) == len(normalize("NFC", text))
    assert grams.folded(folded) == folded
    assert not any(character in folded for character in "\n\t\x00\u3000")


@given(st.text(), st.text())
def test_places_are_where_the_words_stand(text: str, word: str) -> None:
    text, words = normalize("NFC", text), grams.words(word)
    found = grams.places(text, words)
    assert all(first[1] < second[0] for first, second in pairwise(found))
    marked = "".join(text[start:end] for start, end in found)
    for one in words:
        assert (one in grams.folded(text)) <= (set(one) <= set(grams.folded(marked)))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("  统战部　干部 ", ["统战部", "干部"]),
        ("ＡＢＣ abc Abc", ["abc"]),
        ("", []),
        (" \t\n", []),
        ("\x00\ud800", []),
        ("〔２０２６〕3号", ["〔2026〕3号"]),
    ],
)
def test_a_search_is_cut_into_words(typed: str, words: list[str]) -> None:
    assert grams.words(typed) == words


def test_a_single_character_is_looked_for_by_itself_and_a_word_by_its_pairs() -> None:
    assert grams.asked(["区"]) == ["区"]
    assert grams.asked(["统战部"]) == ["战部", "统战"]
