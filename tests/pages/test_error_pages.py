"""Error pages: they need neither a database nor a request, and say what happened to your words."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

ALONE = ["400", "403", "403_csrf", "404", "413", "429", "500", "503", "locked_out"]


@pytest.mark.parametrize("name", ALONE)
def test_an_error_page_needs_nothing_but_its_template(name: str) -> None:
    with translation.override("en"):
        page = render_to_string(f"{name}.html")
    assert '<html lang="en">' in page
    assert "<h1>" in page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_is_painted_by_the_server(theme: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = theme
    assert f'data-theme="{theme}"' in render_to_string("404.html", request=request)


def test_an_unknown_theme_is_none() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = '"><script>'
    page = render_to_string("404.html", request=request)
    assert "data-theme" not in page
    assert "<script>" not in page


def test_a_refusal_keeps_what_the_person_wrote() -> None:
    request = RequestFactory().get("/")
    page = render_to_string(
        "409.html", {"comment": "<b>补签到表", "changes": ["报告换了"]}, request
    )
    assert "&lt;b&gt;补签到表" in page
    assert "报告换了" in page


def test_a_refusal_leads_to_the_inbox_too_for_those_who_lost_the_page() -> None:
    page = render_to_string("409.html", {"back_url": "/gone/"}, RequestFactory().get("/"))
    assert 'href="/gone/"' in page
    assert "Go to the inbox" in page


def test_changing_the_language_of_an_answer_to_a_form_leads_back_to_the_form() -> None:
    request = RequestFactory().post("/decide", headers={"referer": "http://testserver/review"})
    page = render_to_string("409.html", {}, request)
    assert 'name="next" value="http://testserver/review"' in page
