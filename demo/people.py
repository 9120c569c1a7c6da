"""Who is in the demo, and whom a newcomer may be. Every name is invented."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_lazy as _

from directory import actions, queries, sheets
from directory.actions import OPERATOR
from directory.models import Organisation, Person

HERE = Path(__file__).resolve().parent
ORGANISATION = "高新区（演示）"
PASSWORD = "duban-demo-2026"  # noqa: S105 -- printed at every start: a way in, not a secret
GROUP_ALIASES = {
    "各街道": ["各街道党工委、办事处"],
    "区直各部门": ["机关各党支部、局办"],
}


@dataclass(frozen=True)
class Account:
    """A way into the demo: somebody in a role, and what to try as them."""

    username: str
    password: str
    role: str
    try_this: str


# Account → the role they play and what a newcomer does as them, in the order of the main path.
CAST: dict[str, tuple[object, object]] = {
    "taojingxing": (
        _("coordinator, 党群工作部"),
        _("import demo/short-plan.txt, have it approved, issue it, close tasks"),
    ),
    "wenyining": (_("principal, 党群工作部"), _("sign the issuing of a plan, first")),
    "qinyu": (_("principal, 党政综合办公室"), _("sign the issuing of a plan, second")),
    "shenruochuan": (_("principal, 党工委"), _("sign the issuing of a plan, together with 管委会")),
    "fangyanqiu": (_("principal, 管委会"), _("sign the issuing of a plan, together with 党工委")),
    "jiyunshen": (_("handler, 组织人事部"), _("receive a task, report, answer a return")),
    "helanzhou": (_("deputy in charge, 组织人事部"), _("sign the unit's report first")),
    "luomuyun": (
        _("principal, 组织人事部"),
        _("countersign a plan; sign a report after the deputy"),
    ),
    "sujianwei": (
        _("reviewer, 党群工作部"),
        _("return a report with a reason, or approve it"),
    ),
    "weiqinglan": (
        _("reviewer, 党政综合办公室"),
        _("review what 党群工作部 reports itself"),
    ),
    "fengyunqi": (_("auditor, 人大工委办公室"), _("read everything, search the audit trail")),
    "tangshuhe": (_("administrator"), _("keep units, posts and people; import a directory")),
}


def accounts() -> list[Account]:
    """The printed accounts: one for each role, and whoever the main path needs."""
    return [
        Account(username, PASSWORD, str(role), str(todo)) for username, (role, todo) in CAST.items()
    ]


def load(at: datetime, warn: Callable[[str], object]) -> Organisation:
    """The organisation with its directory, appointed at `at`."""
    organisation = actions.create_organisation(name=ORGANISATION, actor=OPERATOR, at=at)
    rows = sheets.read((HERE / "directory.csv").read_bytes()).rows
    actions.import_rows(
        organisation_id=organisation.pk,
        rows=rows,
        previewed=queries.preview(organisation.pk, rows, at).fingerprint,
        actor=OPERATOR,
        at=at,
        password_hash=make_password(PASSWORD),  # once: hashing is slow on purpose
    )
    for group in organisation.groups.all():
        actions.change_group(
            group_id=group.pk,
            name=group.name,
            units=group.units.all(),
            aliases=GROUP_ALIASES[group.name],
            actor=OPERATOR,
            at=at,
        )
    for year in range(at.year, at.year + 2):
        try:
            actions.seed_calendar(organisation_id=organisation.pk, year=year, actor=OPERATOR, at=at)
        except actions.YearNotPublished as refusal:
            warn(refusal.message)
    return organisation


def person(username: str) -> Person:
    return Person.objects.get(organisation__name=ORGANISATION, username=username)
