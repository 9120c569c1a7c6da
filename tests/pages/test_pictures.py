"""Pictures that the server draws."""

from dataclasses import dataclass, field

from django.template import Context, Template

from workflows import pictures


@dataclass
class Step:
    name: str
    status: str = "ahead"
    note: str = ""
    lines: list[str] = field(default_factory=list)


STEPS = [Step("起草", "done"), Step("会签", "now"), Step("印发")]


def test_boxes_stand_in_a_row_with_an_arrow_to_each_next() -> None:
    drawn = pictures.process(STEPS)
    assert [box.x for box in drawn.boxes] == [8, 146, 284]
    assert [box.wire for box in drawn.boxes] == [116, 254, None]
    assert drawn.width == 400


def test_an_arc_leads_from_the_middle_of_one_box_to_another() -> None:
    drawn = pictures.process(STEPS, back_from=2, back_to=1)
    assert (drawn.back_from, drawn.back_to, drawn.back_middle) == (200, 62, 131)


def test_the_picture_tells_its_steps_in_words_and_marks_the_present_one() -> None:
    source = "{% load pictures %}{% process 'Plan' steps %}"
    shown = Template(source).render(Context({"steps": STEPS}))
    assert shown.count("box-now") == 1
    assert "<desc" in shown
    assert 'aria-current="step"' in shown
    assert "style=" not in shown
