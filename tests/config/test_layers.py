"""Foreign keys and template includes point down as imports do; the import linter sees neither."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

ROOMS = ["config", "notices", "workflows", "approvals", "directory", "audit"]  # top to bottom

TEMPLATES = sorted((settings.BASE_DIR / "templates").glob("*/**/*.html"))
REFERENCE = re.compile(r"""{%-?\s*(?:extends|include)\s+["'](\w+)/""")


def above(upper: str, lower: str) -> bool:
    return upper in ROOMS and lower in ROOMS and ROOMS.index(upper) < ROOMS.index(lower)


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda model: model._meta.label)
def test_foreign_keys_point_down(model: type[models.Model]) -> None:
    for field in model._meta.get_fields():
        related = field.related_model
        if field.concrete and isinstance(related, type):
            assert not above(related._meta.app_label, model._meta.app_label), field


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_templates_include_what_lies_below(template: Path) -> None:
    room = template.relative_to(settings.BASE_DIR / "templates").parts[0]
    for other in REFERENCE.findall(template.read_text()):
        assert not above(other, room), other


def test_the_ledger_has_no_foreign_key_out_of_its_room() -> None:
    for model in apps.get_app_config("audit").get_models():
        for field in model._meta.get_fields():
            if field.concrete and isinstance(field.related_model, type):
                assert field.related_model._meta.app_label == "audit"
