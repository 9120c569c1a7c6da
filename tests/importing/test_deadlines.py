"""Deadlines: printed words, the last day they allow, and what stays open."""

import pytest

from tests.importing.plans import codes, measures, proposal
from workflows.importing import deadlines


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2023年12月底前", "2023-12-31"),
        ("2023年底前完成", "2023-12-31"),
        ("2024年2月底前", "2024-02-29"),
        ("2023年3月15日前", "2023-03-15"),
        ("2023年上半年", "2023-06-30"),
        ("2023年第三季度", "2023-09-30"),
        ("2023年5月中旬", "2023-05-20"),
        ("二〇二三年6月前", "2023-06-30"),
        ("2023年4月至2024年6月", "2024-06-30"),
        ("2023-06-30", "2023-06-30"),
    ],
)
def test_printed_dates_become_the_last_day_they_allow(text: str, date: str) -> None:
    found = deadlines.read(text, None)
    assert (found.date, found.year_inferred) == (date, False)


def test_a_missing_year_is_taken_from_the_plan_and_said() -> None:
    found = deadlines.read("6月底前", 2023)
    assert (found.date, found.year_inferred) == ("2023-06-30", True)


def test_without_any_year_no_date_is_made_up() -> None:
    found = deadlines.read("6月底前", None)
    assert found.date is None
    assert deadlines.lacks_year("6月底前")


@pytest.mark.parametrize("text", ["持续推进", "长期坚持", "每年", "常态化开展", "每年9月底前"])
def test_recurring_duties_have_no_date(text: str) -> None:
    assert deadlines.read(text, 2023) == deadlines.Deadline(text, "recurring")


def test_a_yearly_duty_lacks_no_year() -> None:
    result = proposal("一、任务\n1.清淤。（市水务局负责，每年9月底前）")
    assert "soft_deadline" in codes(result)
    assert "missing_year" not in codes(result)


def test_a_month_without_any_year_is_asked_about() -> None:
    result = proposal("一、任务\n1.清淤。（市水务局负责，9月底前）", head="")
    (question,) = [q for q in result.questions if q.code == "missing_year"]
    assert question.params["year"] is None
    assert result.measures[0].deadline is not None
    assert result.measures[0].deadline.date is None


def test_a_soft_deadline_keeps_its_date_and_is_asked_about() -> None:
    result = proposal("一、任务\n1.清淤。（6月底取得阶段性成效并持续推进，牵头单位：市水务局）")
    (measure,) = result.measures
    assert measure.deadline == deadlines.Deadline(
        "6月底取得阶段性成效并持续推进", "soft", "2023-06-30", True
    )
    assert {"soft_deadline", "missing_year"} <= codes(result)


def test_a_measure_without_deadline_is_advised_not_blocked() -> None:
    result = proposal("一、任务\n1.清淤。（市水务局负责）")
    (question,) = [q for q in result.questions if q.code == "missing_deadline"]
    assert question.severity == "advice"


def test_a_date_in_the_text_is_proposed_and_asked_about() -> None:
    result = proposal("一、任务\n1.2023年9月底前完成清淤。（市水务局负责）")
    assert result.measures[0].deadline is not None
    assert result.measures[0].deadline.date == "2023-09-30"
    assert result.measures[0].clauses[0].deadline is None
    assert "body_deadline" in codes(result)


def test_a_time_label_gives_the_deadline() -> None:
    (measure,) = measures("一、任务\n1.清淤。（责任单位：市水务局；完成时限：2023年6月底前）")
    assert measure.clauses[0].deadline == "2023年6月底前"


def test_a_day_that_does_not_exist_is_no_date() -> None:
    assert deadlines.read("2023年2月30日前", None).date is None
