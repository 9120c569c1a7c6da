"""The tags of `{% load ui %}`."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from audit.templatetags import ui

NOON = datetime(2021, 11, 18, 4, 0, tzinfo=UTC)


@pytest.fixture
def november(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thursday, 18 November 2021, noon in the district."""
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.usefixtures("november")
def test_a_due_date_is_told_with_its_weekday_and_without_this_year() -> None:
    with translation.override("en"):
        assert ui.weekday(date(2021, 11, 19)) == "Fri 19 Nov"
        assert ui.weekday(date(2022, 1, 3)) == "Mon 3 Jan 2022"


@pytest.mark.usefixtures("november")
@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(minutes=5), "today 11:55"),
        (timedelta(hours=12, minutes=30), "yesterday 23:30"),
        (timedelta(days=3), "15 Nov 12:00"),
        (timedelta(days=365), "18 Nov 2020 12:00"),
    ],
)
def test_a_moment_is_told_by_the_local_day(ago: timedelta, told: str) -> None:
    with translation.override("en"):
        assert ui.moment(NOON - ago) == told


@pytest.mark.usefixtures("november")
def test_a_time_element_says_the_exact_time_to_machines() -> None:
    with translation.override("en"):
        assert render("{% when at %}", at=NOON) == (
            '<time datetime="2021-11-18T12:00:00+08:00" title="18 Nov 2021 12:00:00">'
            "today 12:00</time>"
        )


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (None, "No due date"),
        (0, "Due today"),
        (1, "1 working day left"),
        (-2, "2 working days overdue"),
    ],
)
def test_what_remains_is_told_in_working_days(left: int | None, told: str) -> None:
    with translation.override("en"):
        assert ui.working_days(left) == told


@pytest.mark.parametrize(
    "digest", ["7f3a91c2a47b", "sha256:7f3a91c2a47b", bytes.fromhex("7f3a91c2a47b")]
)
def test_a_short_code_is_eight_characters_in_two_groups(digest: str | bytes) -> None:
    assert ui.short_code(digest) == "7F3A 91C2"
    assert ui.grouped(digest) == "7f3a 91c2 a47b"


@pytest.mark.parametrize("name", [*ui.STATES, *ui.LIGHTS])
def test_every_state_and_light_has_a_shape_and_a_word(name: str) -> None:
    tag, mark = ("state", f"i-s-{name}") if name in ui.STATES else ("light", f"i-l-{name}")
    shapes = Template("{% include 'includes/icons.svg' %}").render(Context())
    with translation.override("en"):
        shown = render(f"{{% {tag} name %}}", name=name)
    assert f'href="#{mark}"' in shown
    assert f'<symbol id="{mark}"' in shapes
    assert shown.replace("</span>", "").rpartition(">")[2]


class Answers(forms.Form):
    title = forms.CharField(help_text="As on paper")
    note = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)


def test_a_field_names_its_help_and_its_error_to_those_who_cannot_see_them() -> None:
    shown = render("{% field form.title %}", form=Answers({}))
    assert 'aria-describedby="id_title_helptext id_title_error"' in shown
    assert 'id="id_title_helptext"' in shown
    assert 'id="id_title_error"' in shown
    assert shown.index("id_title_error") < shown.index("<input")


def test_only_a_field_that_may_stay_empty_says_so() -> None:
    with translation.override("en"):
        assert "optional" in render("{% field form.note %}", form=Answers())
        assert "optional" not in render("{% field form.title %}", form=Answers())


def test_choices_are_a_group_with_a_legend() -> None:
    shown = render("{% field form.kind %}", form=Answers())
    assert "<legend>" in shown
    assert shown.count('class="pick"') == 2


def test_words_from_people_are_escaped() -> None:
    assert "<script>" not in render("{% light 'done' word %}", word="<script>")
    assert "<script>" not in render("{% state 'closed' word %}", word="<script>")


def test_page_numbers_keep_the_rest_of_the_question() -> None:
    request = RequestFactory().get("/", {"q": "培训", "page": "2"})
    page = Paginator(range(100), 10).page(2)
    shown = render("{% pages page %}", request=request, page=page)
    assert "?q=%E5%9F%B9%E8%AE%AD&amp;page=3" in shown
    assert shown.count('aria-current="page"') == 1


def test_one_page_needs_no_numbers() -> None:
    page = Paginator(range(3), 10).page(1)
    assert "<nav" not in render("{% pages page %}", request=RequestFactory().get("/"), page=page)


def test_a_place_that_does_not_exist_is_left_out() -> None:
    request = SimpleNamespace(path="/livez")
    assert render("{% side_link 'nowhere' 'inbox' 'Nowhere' %}", request=request).strip() == ""
    assert "<a href" in render("{% side_link 'live' 'inbox' 'Alive' %}", request=request)


def test_the_page_says_which_place_it_belongs_to() -> None:
    request = SimpleNamespace(path="/livez")
    source = "{% side_link 'live' 'inbox' 'Alive' %}"
    assert "aria-current" in render(source, request=request)
    assert "aria-current" in render(source, request=request, section="inbox")
    assert "aria-current" not in render(source, request=request, section="plan")
