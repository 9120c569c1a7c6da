"""The manual for administrators: both languages say as much, its pictures are drawn from today."""

import importlib.util
from types import ModuleType

import pytest
from django.conf import settings

from approvals.pages import manual

DOCS = settings.BASE_DIR / "docs"


@pytest.fixture
def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw", DOCS / "pictures" / "draw.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_are_as_their_script_draws_them(drawing: ModuleType) -> None:
    kept = {one.name: one.read_text() for one in (DOCS / "pictures").glob("*.svg")}
    assert kept == drawing.draw()


def test_every_picture_is_shown_in_its_language(drawing: ModuleType) -> None:
    for name, ending in (("approvals.md", ""), ("approvals.zh-CN.md", ".zh-CN")):
        text = (DOCS / name).read_text()
        shown = set(manual.PICTURE.findall(text))
        assert shown == {f"pictures/{one}{ending}.svg" for one in drawing.PICTURES}


def test_both_languages_have_the_same_parts_and_rows() -> None:
    english, chinese = (
        [(block.kind, len(block.rows)) for block in manual.read(language)]
        for language in ("en", "zh-hans")
    )
    assert english == chinese


def test_what_is_bold_is_bold_and_what_is_markup_is_text() -> None:
    [block] = manual._blocks("**A <b>** is *any*")
    assert block.text == "<b>A &lt;b&gt;</b> is <em>any</em>"
