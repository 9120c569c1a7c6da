"""Every message is there in Chinese, says something else than in English, and is compiled."""

import gettext
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

CATALOGUE = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
SOURCES = (
    "approvals",
    "audit",
    "config",
    "demo",
    "directory",
    "notices",
    "templates",
    "workflows",
)
# Names and forms that are the same in both languages.
SAME_IN_BOTH = {"Duban", "English", "Chinese", "CSV", "PDF", "SHA-256", "%(count)s%%"}
SAME_IN_BOTH |= {"%(reason)s", "“%(comment)s”"}  # somebody's own words

pytestmark = pytest.mark.skipif(
    not shutil.which("msgcmp"), reason="no gettext tools here: apt install gettext"
)


def run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stderr or done.stdout)


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All messages of the program as it is now."""
    place = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copytree(settings.BASE_DIR / name, place / name)
    (place / "locale").mkdir()
    extract = [sys.executable, "-m", "django", "makemessages", "--locale=en", "--keep-pot"]
    problem = run(*extract, cwd=place)
    assert problem == ""
    return place / "locale" / "django.pot"


def test_every_message_has_a_chinese_translation(messages: Path) -> None:
    assert run("msgcmp", CATALOGUE, messages) == ""


def test_no_translation_is_a_guess() -> None:
    assert not re.findall(r"^#, .*fuzzy", CATALOGUE.read_text(), re.MULTILINE)


def test_placeholders_survive_translation() -> None:
    assert run("msgfmt", "--check", "--output-file=/dev/null", CATALOGUE) == ""


def test_the_compiled_catalogue_is_the_written_one(tmp_path: Path) -> None:
    assert run("msgfmt", CATALOGUE, "--output-file", tmp_path / "now.mo") == ""
    with (tmp_path / "now.mo").open("rb") as now, CATALOGUE.with_suffix(".mo").open("rb") as kept:
        assert gettext.GNUTranslations(now)._catalog == gettext.GNUTranslations(kept)._catalog  # type: ignore[attr-defined]


def test_no_chinese_message_equals_its_english_one() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
    same = {
        text
        for key, text in catalogue.items()
        if text == (key if isinstance(key, str) else key[0]).rpartition("\x04")[2]
    }
    assert same - SAME_IN_BOTH - {""} == set()
