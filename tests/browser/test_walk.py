"""The whole path as people go it, in Chinese: from a plan document to a closed, provable task."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone, translation
from playwright.sync_api import FilePayload, Locator, Page, expect

from audit import checkpoints
from audit.models import Entry
from audit.search import follower
from demo import people, routes
from directory.models import Organisation
from tests.factories import LONG_AGO
from workflows.models import Plan, Submission, Task

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Speaking = Callable[[str], AbstractContextManager[None]]

DISTRICT_PLAN = Path("../shared/corpus/01-benxi-minzu-tuanjie.txt")
DEMO_PLAN = Path("demo/plan.txt")
TITLE = "铸牢中华民族共同体意识的实施方案"
MEASURE = "推动民族团结进步教育常态化"
DUE = timezone.localdate() + timedelta(days=60)

COORDINATOR, CLOSES = "taojingxing", "陶景行"
SIGNERS_OF_THE_PLAN = ("luomuyun", "wenyining", "qinyu", "shenruochuan", "fangyanqiu")
HANDLER, DEPUTY, PRINCIPAL = "jiyunshen", "helanzhou", "luomuyun"
PARTNER, REVIEWER, AUDITOR = "wenyining", "sujianwei", "fengyunqi"

REASON = "培训只写了期数，没有写人数，请补上名单。"
FIRST = "一、学习\n全区理论学习中心组专题学习两次。\n二、培训\n干部培训四期。"
SECOND = "一、学习\n全区理论学习中心组专题学习两次。\n二、培训\n干部培训四期，共三百一十二人。"


@pytest.fixture
def district(empty_db: None) -> Organisation:
    """The demo's units, people and routes, and nothing that has happened yet."""
    organisation = people.load(LONG_AGO, warn=lambda _: None)
    routes.publish(organisation, LONG_AGO)
    return organisation


def test_the_district_plan_goes_from_the_document_to_a_closed_and_proven_task(
    district: Organisation, visit: Visit, speaking_as: Speaking
) -> None:
    page = sign_in(visit, COORDINATOR)
    plan = import_plan(page)
    assert kinds(plan) == ["plan.drafted"]

    page.get_by_role("button", name="送审").click()
    expect(page.get_by_text("方案已送审。")).to_be_visible()
    for signer in SIGNERS_OF_THE_PLAN:
        decide(visit, signer, TITLE, "同意")
    assert kinds(plan)[-6:] == ["plan.approval_opened", *["approval.signed_off"] * 5]

    issue(page, plan)
    task = Task.objects.get(plan=plan, measure__number="1")
    assert (task.state, task.due_date, kinds(task)) == ("assigned", DUE, ["task.created"])
    receive_and_accept(visit, plan, task)
    assert (state_of(task), kinds(task)[-1]) == ("in_progress", "task.accepted")

    report(visit, task, FIRST, "培训情况.txt")
    assert (state_of(task), kinds(task)[-1]) == ("submitted", "task.submitted")
    for signer in (DEPUTY, PRINCIPAL, PARTNER):
        decide(visit, signer, MEASURE, "同意")
    decide(visit, REVIEWER, MEASURE, "退回", REASON)
    assert state_of(task) == "in_progress"

    report(visit, task, SECOND, "培训名单.txt", answer="已补人数和名单。")
    shown_difference(visit, task)
    for signer in (DEPUTY, PRINCIPAL, PARTNER, REVIEWER):
        decide(visit, signer, MEASURE, "同意")
    assert state_of(task) == "reviewed"

    close(page, task)
    assert (state_of(task), kinds(task)[-1]) == ("closed", "task.closed")
    audited(visit, task, speaking_as)


# What happened, by the tables and the ledger


def kinds(root: Plan | Task) -> list[str]:
    entries = Entry.objects.filter(subject=root.subject).order_by("subject_seq")
    return list(entries.values_list("kind", flat=True))


def state_of(task: Task) -> str:
    return str(Task.objects.get(pk=task.pk).state)


# Ways through the pages


def sign_in(visit: Visit, username: str) -> Page:
    page = visit(None)
    page.get_by_label("账号").fill(username)
    page.get_by_label("密码").fill(people.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("待办")
    return page


def take_up(page: Page, verb: str, subject: str) -> None:
    """Go to what the inbox says is to be done."""
    rows = page.locator(".row").filter(has=page.locator(".row-do", has_text=verb))
    rows.filter(has_text=subject).get_by_role("link").click()


def decide(visit: Visit, username: str, subject: str, decision: str, comment: str = "") -> None:
    """Find it in the inbox, choose, read what follows, sign."""
    page = visit(people.person(username))
    take_up(page, "审核", subject)
    page.get_by_role("radio", name=decision).check()
    if comment:
        page.get_by_label("退回理由").fill(comment)
    page.get_by_role("button", name=f"签批：{decision}").click()
    expect(page.get_by_text("已签批并记录")).to_be_visible()


# From the document to the draft


def document() -> bytes:
    """The district's own plan where it lies beside us; else the demo's, under another number."""
    if DISTRICT_PLAN.exists():
        return DISTRICT_PLAN.read_bytes()
    return DEMO_PLAN.read_text().replace("〔2021〕35号", "〔2021〕36号").encode()


def import_plan(page: Page) -> Plan:
    page.get_by_role("link", name="导入方案").first.click()
    file = FilePayload(name="方案.txt", mimeType="text/plain", buffer=document())
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="读取文件").click()

    expect(page.get_by_text("15 项条款，15 项已对应")).to_be_visible()
    expect(page.get_by_text("还有 12 个问题")).to_be_visible()
    answer_questions(page)
    describe_document(page)

    expect(page.get_by_text("全部答完")).to_be_visible()
    assert not Plan.objects.exists()
    page.get_by_role("button", name="存为草稿").click()
    expect(page.get_by_text("草稿已存，还没有通知任何人。")).to_be_visible()
    return Plan.objects.get(title__contains=TITLE)


def answer_questions(page: Page) -> None:
    """What only a person knows is answered in place; the proposals for the rest are accepted."""
    give(page, 2, "由谁牵头", "高教办牵头")
    give(page, 12, "“区直各部门”是单位组", "每个成员各一项任务")
    give(page, 12, "“各街道”是单位组", "每个成员各一项任务")
    give(page, 12, "责任分工里却没有它", "不，它不参与")
    card(page, 1).get_by_text("处细节要核对").click()
    give(page, 1, "没有写期限", "期限：", date=DUE.isoformat())
    page.get_by_role("button", name="采纳").click()
    expect(card(page, 14).get_by_text("就绪", exact=True)).to_be_visible()


def card(page: Page, number: int) -> Locator:
    return page.locator(f"#t{number}")


def give(page: Page, measure: int, question: str, choice: str, date: str = "") -> None:
    asked = card(page, measure).locator(".question").filter(has_text=question)
    asked.get_by_role("radio", name=choice).check()
    if date:
        asked.locator("input[type=date]").fill(date)
    asked.get_by_role("button", name="保存回答").click()
    expect(asked).to_have_count(0)


def describe_document(page: Page) -> None:
    """Another office judges what the coordinating unit does itself; two units are to receive it."""
    form = page.locator("#document")
    form.get_by_text("标题、文号、督办办公室").click()
    form.get_by_label("督办办公室").select_option(label="党政综合办公室")
    for unit in ("组织人事部", "新城街道"):
        form.get_by_role("checkbox", name=unit).check()
    form.get_by_role("button", name="保存").click()


# From the draft to work


def issue(page: Page, plan: Plan) -> None:
    page.goto(f"/plans/{plan.pk}/")
    page.get_by_role("button", name="印发方案").click()
    expect(page.get_by_text("方案已印发：各单位收到任务")).to_be_visible()
    # Thirteen measures with a lead, two that each unit of both groups carries out itself
    assert Task.objects.filter(plan=plan).count() == 13 + 2 * 17
    assert "plan.issued" in kinds(plan)


def receive_and_accept(visit: Visit, plan: Plan, task: Task) -> None:
    page = visit(people.person(HANDLER), f"/plans/{plan.pk}/")
    page.get_by_role("button", name="签收方案").click()
    expect(page.get_by_text("您的单位已签收方案。")).to_be_visible()
    assert kinds(plan)[-1] == "plan.received"

    page.goto("/")
    take_up(page, "签收", MEASURE)
    page.get_by_role("link", name="签收", exact=True).click()
    page.get_by_role("button", name="签收").click()
    expect(page.get_by_text("已签收，任务进入办理。")).to_be_visible()


# From a report to the end


def report(visit: Visit, task: Task, text: str, file: str, answer: str = "") -> None:
    page = visit(people.person(HANDLER), f"/tasks/{task.pk}/")
    if answer:
        expect(page.get_by_text(REASON).first).to_be_visible()
    page.get_by_role("link", name="写报告").click()
    page.get_by_label("报告", exact=True).fill(text)
    page.get_by_label("完成比例").fill("100")
    if answer:
        page.get_by_label("对退回的答复").fill(answer)
    page.get_by_label("不等这些单位").fill("党群工作部没有单独的工作量。")
    content = FilePayload(name=file, mimeType="text/plain", buffer=f"{file}\n".encode())
    page.locator("input[type=file]").set_input_files(content)
    page.get_by_role("button", name="提交第").click()
    expect(page.get_by_text("版已提交，送第一位签批人。")).to_be_visible()
    page.get_by_role("rowheader", name="第").get_by_role("link").first.click()
    expect(page.get_by_role("link", name=file)).to_be_visible()
    assert Submission.objects.filter(task=task).latest("version").percent == 100


def shown_difference(visit: Visit, task: Task) -> None:
    """The deputy, who knows the first version, is shown what is new in the second."""
    page = visit(people.person(DEPUTY))
    take_up(page, "审核", MEASURE)
    expect(page.locator("ins", has_text="三百一十二人")).to_be_visible()
    expect(page.get_by_text("已补人数和名单。")).to_be_visible()


def close(page: Page, task: Task) -> None:
    page.goto(f"/tasks/{task.pk}/")
    page.get_by_role("link", name="办结", exact=True).click()
    page.get_by_role("radio", name="已核实").check()
    page.get_by_role("button", name="以此结果办结").click()
    expect(page.get_by_text("任务已办结。").first).to_be_visible()


def audited(visit: Visit, task: Task, speaking_as: Speaking) -> None:
    """Who reads everything finds the task's whole story, and the record whole."""
    with speaking_as("worker"):
        while checkpoints.advance(at=timezone.now()) or follower.follow(at=timezone.now()):
            pass
    page = visit(people.person(AUDITOR), "/audit/verification/")
    page.get_by_role("button", name="现在核验").click()
    expect(page.get_by_text("已全部重新计算：记录完整。")).to_be_visible()
    page.get_by_role("navigation", name="审计记录的几个部分").get_by_role("link").first.click()
    page.get_by_label("词语、姓名、标题或编号").fill(MEASURE)
    page.get_by_role("button", name="搜索").click()
    entries = page.get_by_role("region", name="检索结果").get_by_role("listitem")
    for happened in ("任务下达", "报告提交", "签批", "任务办结"):
        expect(entries.filter(has_text=happened).first).to_be_visible()
    entries.filter(has_text="任务办结").get_by_role("link").first.click()
    expect(page.get_by_text(CLOSES).first).to_be_visible()
    expect(page.get_by_text("接得上前一条记录")).to_be_visible()

    said = io.StringIO()
    with translation.override("zh-hans"):
        call_command("verify_ledger", stdout=said)
    assert "完整；各表与记录一致。" in said.getvalue()
