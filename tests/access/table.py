"""Who may do what at which address: every address of the product, once for each kind of object.

An address that is missing here, or no longer exists, fails the test beside this file.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from directory.models import Post

People = Collection[str]


def everyone_of(unit: str) -> frozenset[str]:
    return frozenset(f"{unit}.{role}" for role in Post.Role.values)


# The unit that carries the tasks out is `own`, the plan's coordinating unit `office`, the unit that
# cooperates `partner`; `other` has no part in anything.
WORKERS = frozenset({"own.handler", "own.deputy", "own.principal"})
PARTNER = frozenset({"partner.handler"})
COORDINATOR = frozenset({"office.coordinator"})
APPROVER = frozenset({"office.principal"})
AUDITOR = frozenset({"own.auditor"})
AUDITORS = AUDITOR | {"other.auditor"}
ADMINISTRATORS = frozenset({"own.administrator", "other.administrator"})
COORDINATORS = COORDINATOR | {"own.coordinator", "other.coordinator"}
SUBMITTER = frozenset({"own.handler"})
PRINCIPAL = frozenset({"own.principal"})
ROUTE_WRITER = frozenset({"own.administrator"})
FIRST_SIGNER = frozenset({"own.deputy"})
ADVISER = SUBMITTER
OWNER = frozenset({"other.handler"})
"""Whose passkey waits for an administrator."""

EVERYONE = everyone_of("own") | everyone_of("other") | PARTNER | COORDINATOR | APPROVER
CONCERNED = WORKERS | PARTNER | COORDINATOR | AUDITORS
"""Who reads a task with its reports, evidence and decisions."""
DRAFTING = COORDINATOR | AUDITORS
"""Who reads a plan before it is put forward; from then on its approver does, too."""
NOBODY: People = frozenset()


@dataclass(frozen=True)
class Row:
    """An address: who may `get` and `post` there, None where the method doesn't exist.

    Everybody else who `sees` the object is refused with a sentence (403), for all others it doesn't
    exist (404). `at` and `send` name things of the world, or give values (as "=value").
    """

    name: str
    get: People | None = None
    post: People | None = None
    sees: People = EVERYONE
    at: Collection[str | int] = ()
    send: dict[str, str] = field(default_factory=dict)
    query: str = ""
    by_role: bool = False
    """The right to come here at all is asked before the object is looked for."""
    open_to_all: bool = False
    """Needs nobody to be signed in."""
    tells_units: bool = False
    """Whoever holds the paper with this address reads for which unit people acted."""
    own_transaction: bool = False
    """Can't run within another, so what it writes stays."""
    wants_device: bool = False
    """Only a device can send what it wants, so whoever may go there isn't understood."""

    @property
    def methods(self) -> list[str]:
        return [name for name in ("get", "post") if getattr(self, name) is not None]

    def __str__(self) -> str:
        return " ".join(map(str, (self.name, *self.at)))


def own_pages(*names: str) -> list[Row]:
    """Pages that show each person what is theirs."""
    return [Row(name, get=EVERYONE) for name in names]


def for_administrators(name: str, /, *at: str, **send: str) -> Row:
    return Row(name, ADMINISTRATORS, ADMINISTRATORS, at=at, send=send, by_role=True)


def on_task(name: str, who: People, task: str, /, *at: str, **send: str) -> Row:
    return Row(name, who, who, sees=CONCERNED, at=(f"{task} task", *at), send=send)


def on_import(name: str, /, *at: str, **send: str) -> Row:
    """Only who coordinates sees an import."""
    revision = {"revision": "import.revision"}
    return Row(name, None, COORDINATOR, COORDINATOR, ("import", *at), revision | send)


def on_amendment(name: str, get: People | None, /, *at: str, **send: str) -> Row:
    """Only who coordinates the plan writes in its draft amendment."""
    revision = {"revision": "draft amendment.revision"}
    return Row(name, get, COORDINATOR, DRAFTING, ("draft amendment", *at), revision | send)


REASON = "=Because."
CLERK = {"name": "=Li Si", "username": "=access.new", "language": "=en"}
MEASURE = {"heading": "=Heading", "priority": "=normal", "lead": "unit.own"}
ADDED = MEASURE | {"kind": "=add", "text": "=Text."}
DECISION = {
    "decision": "=approve",
    "seen_digest": "seen",
    "idempotency_key": "=01890000-0000-7000-8000-000000000001",
}

ASKED = {"do": "=ask", "person": "newcomer", "note": REASON}

EXPECTED = [
    # Without signing in
    Row("live", get=EVERYONE, open_to_all=True),
    Row("ready", get=EVERYONE, open_to_all=True),
    Row("sign_in", get=EVERYONE, post=EVERYONE, open_to_all=True),
    Row("sign_in_passkey_options", post=EVERYONE, open_to_all=True),
    Row("sign_in_passkey", post=EVERYONE, open_to_all=True, wants_device=True),
    Row("sign_out", post=EVERYONE, open_to_all=True),
    Row("set_language", post=EVERYONE, open_to_all=True, send={"language": "=en"}),
    # Everybody's own
    *own_pages(
        "inbox", "inbox_waiting", "inbox_done", "decisions", "tasks", "plans", "password_changed"
    ),
    Row("next_decision", get=EVERYONE),
    Row("together", get=EVERYONE, post=EVERYONE),
    Row("search", get=EVERYONE, query="q=楠"),
    Row("search", get=EVERYONE, query="q=檀"),
    Row("search", get=EVERYONE, query="q=桂"),
    Row("tasks", get=EVERYONE, query="state=all&q=楠"),
    Row("notices", get=EVERYONE),
    Row("notices_read", post=EVERYONE, send={"up_to": "unread notice"}),
    Row("notices_daily", post=EVERYONE, send={"wanted": "=yes"}, own_transaction=True),
    Row("password_change", get=EVERYONE, post=EVERYONE),
    Row("passkeys", get=EVERYONE),
    Row("passkey_options", post=EVERYONE, wants_device=True),
    Row("passkey_enrol", post=EVERYONE, wants_device=True),
    Row("passkey_rename", get=OWNER, post=OWNER, at=["passkey"], send={"name": "=My phone"}),
    Row(
        "passkey_revoke",
        get=OWNER | ADMINISTRATORS,
        post=OWNER | ADMINISTRATORS,
        at=["passkey"],
        send={"reason": REASON},
    ),
    Row("delegations", get=EVERYONE),
    Row(
        "delegation_new",
        get=EVERYONE,
        post=EVERYONE,
        send={"delegate": "newcomer", "first": "today", "last": "today", "reason": REASON},
    ),
    Row("delegation_revoke", get=PRINCIPAL, post=PRINCIPAL, at=["delegation"]),
    # The directory: everybody reads, administrators keep it
    *own_pages("directory", "people", "calendar", "routes", "routes_help"),
    Row("people", get=EVERYONE, query="q=楠"),
    Row("unit", get=EVERYONE, at=["unit.other"]),
    Row("person", get=EVERYONE, at=["person"]),
    Row("route", get=EVERYONE, at=["route"]),
    Row("route", get=EVERYONE, at=["route under approval"]),
    Row("route", get=ADMINISTRATORS, sees=ADMINISTRATORS, at=["route with draft"]),
    Row("route_differences", get=EVERYONE, at=["route", 1, 1]),
    Row("route_schema", get=EVERYONE),
    Row("route_json", get=EVERYONE, at=["route"]),
    Row("route_bpmn", get=EVERYONE, at=["route"]),
    for_administrators("route_import", file="route file"),
    for_administrators("route_new", name="=New route", subject_kind="=task_completion"),
    for_administrators("route_draft", "route with draft", revision="=1", do="=add-deputy"),
    Row("route_rehearsal", get=ADMINISTRATORS, at=["route with draft"], by_role=True),
    Row("route_rehearsal", get=ADMINISTRATORS, at=["route"], by_role=True, query="all=1"),
    Row("route_draft_begin", None, ADMINISTRATORS, at=["route"], by_role=True),
    Row("route_draft_withdraw", None, ROUTE_WRITER, at=["route under approval"], by_role=True),
    Row("route_draft_abandon", None, ADMINISTRATORS, at=["route under approval"], by_role=True),
    Row("review", get=EVERYONE, at=["route item"]),
    for_administrators("unit_new", name="=New unit", kind="=other"),
    for_administrators("unit_change", "unit.other", name="=New name", kind="=other"),
    for_administrators("unit_abolish", "unit.other"),
    for_administrators("group_new", name="=New group", units="unit.own"),
    for_administrators("group_change", "group", name="=New name", units="unit.own"),
    for_administrators("post_new", "unit.other", title="=New post", role="=reviewer"),
    for_administrators("post_abolish", "vacant post"),
    for_administrators("appoint", "vacant post", person="newcomer"),
    for_administrators("dismiss", "appointment"),
    for_administrators("person_new", **CLERK),
    for_administrators("person_change", "person", name="=New name"),
    for_administrators("person_password", "person", password="=correct horse 27"),
    for_administrators("person_deactivate", "person"),
    for_administrators(
        "person_erase", "closed person", texts="name of closed person", reason="=Asked for"
    ),
    for_administrators("person_reactivate", "closed person"),
    for_administrators("passkey_approvals", wanted="=no"),
    for_administrators("passkey_approve", "passkey"),
    for_administrators("passkey_decline", "passkey", reason=REASON),
    for_administrators("calendar_day_new", date="today", is_working="=no"),
    for_administrators("calendar_day_clear", "day"),
    Row("calendar_seed", None, ADMINISTRATORS, send={"year": "=2026"}),
    for_administrators("directory_import", file="sheet"),
    Row("directory_import_apply", None, ADMINISTRATORS),
    Row("directory_template", get=ADMINISTRATORS),
    Row("directory_export", get=ADMINISTRATORS),
    # Bringing in a plan: the coordinators of the unit for which it was uploaded
    Row("plan_import", COORDINATORS, COORDINATORS, send={"text": "document"}),
    Row("plan_review", get=COORDINATOR, sees=COORDINATOR, at=["import"]),
    Row("plan_review", get=COORDINATOR, sees=COORDINATOR, at=["asking import"]),
    on_import("plan_accept"),
    on_import("plan_document", title="=Title"),
    on_import("plan_confirm"),
    on_import("plan_discard"),
    Row(
        "plan_answer",
        post=COORDINATOR,
        sees=COORDINATOR,
        at=["asking import", "question"],
        send={"revision": "asking import.revision", "choice": "=other", "unit": "unit.own"},
    ),
    Row(
        "plan_proposal",
        get=COORDINATOR,
        post=COORDINATOR,
        sees=COORDINATOR,
        at=["import", "measure"],
        send=MEASURE | {"revision": "import.revision"},
    ),
    on_import("plan_split", "measure", at="cut"),
    on_import("plan_merge", "measure"),
    on_import("plan_unmerge", "merged"),
    # Plans: everybody reads what is issued
    Row("plan", get=EVERYONE, at=["plan"]),
    Row("plan", get=DRAFTING, sees=DRAFTING, at=["draft plan"]),
    Row("plan", get=DRAFTING | APPROVER, sees=DRAFTING | APPROVER, at=["plan under approval"]),
    Row("plan_text", get=EVERYONE, at=["plan"]),
    Row("plan_text", get=DRAFTING, sees=DRAFTING, at=["draft plan"]),
    Row("plan_source", get=EVERYONE, at=["plan"]),
    Row("plan_bpmn", get=EVERYONE, at=["plan"]),
    Row("plan_bpmn", get=DRAFTING, sees=DRAFTING, at=["draft plan"]),
    Row("plan_source", get=DRAFTING, sees=DRAFTING, at=["draft plan"]),
    Row(
        "plan_edit",
        get=COORDINATOR,
        post=COORDINATOR,
        sees=DRAFTING,
        at=["draft plan"],
        send={"title": "=Title", "revision": "draft plan.revision"},
    ),
    Row(
        "measure_edit",
        get=COORDINATOR,
        post=COORDINATOR,
        sees=DRAFTING,
        at=["draft plan", "draft measure"],
        send=MEASURE | {"revision": "draft plan.revision"},
    ),
    Row(
        "plan_submit",
        post=COORDINATOR,
        sees=DRAFTING,
        at=["draft plan"],
        send={"revision": "draft plan.revision"},
    ),
    Row(
        "plan_withdraw",
        post=COORDINATOR,
        sees=DRAFTING | APPROVER,
        at=["plan under approval"],
    ),
    Row("plan_issue", post=COORDINATOR, sees=DRAFTING | APPROVER, at=["approved plan"]),
    Row("plan_receive", post=WORKERS, at=["plan"]),
    Row("plan_cancel", post=COORDINATOR, sees=DRAFTING, at=["draft plan"], send={"reason": REASON}),
    # Amendments: seen like a plan that isn't issued yet
    Row("amendment_new", COORDINATOR, COORDINATOR, at=["plan"], send={"title": "=Title"}),
    Row("amendment_import", None, COORDINATOR, at=["plan"], send={"text": "document"}),
    Row("measure_history", get=EVERYONE, at=["plan", "measure of plan"]),
    Row("amendment", get=DRAFTING, sees=DRAFTING, at=["draft amendment"]),
    Row("amendment", get=DRAFTING | APPROVER, sees=DRAFTING | APPROVER, at=["sent amendment"]),
    Row("review", get=DRAFTING | APPROVER, sees=DRAFTING | APPROVER, at=["amendment to sign"]),
    on_amendment("amendment_edit", COORDINATOR, title="=Title"),
    on_amendment("amendment_item_new", COORDINATOR, **ADDED),
    on_amendment("amendment_item", COORDINATOR, "amendment item", **ADDED),
    on_amendment("amendment_item_drop", None, "amendment item"),
    on_amendment("amendment_abandon", None, reason=REASON),
    on_amendment("amendment_submit", None),
    Row("amendment_withdraw", None, COORDINATOR, DRAFTING | APPROVER, ["sent amendment"]),
    # Tasks: those whom they concern
    *[
        Row("task", get=CONCERNED, sees=CONCERNED, at=[f"{step} task"])
        for step in ("assigned", "declined", "open", "submitted", "reviewed", "closed")
    ],
    on_task("task_accept", WORKERS, "assigned"),
    on_task("task_decline", WORKERS, "assigned", reason=REASON),
    on_task("task_insist", COORDINATOR, "declined", reason=REASON),
    on_task("task_reassign", COORDINATOR, "declined", lead="unit.other", reason=REASON),
    on_task("task_receive", PARTNER, "open", "unit.partner"),
    on_task("task_people", WORKERS, "open", "unit.own"),
    on_task("task_due_date", COORDINATOR, "open", reason=REASON),
    on_task("task_priority", COORDINATOR, "open", priority="=high", reason=REASON),
    on_task("task_cancel", COORDINATOR, "open", reason=REASON),
    on_task("task_withdraw", SUBMITTER, "submitted"),
    on_task("task_close", COORDINATOR, "reviewed", outcome="=verified"),
    on_task("task_reopen", NOBODY, "closed", reason=REASON),  # a route decides on it
    on_task("extension", WORKERS, "open", due_date="=2032-01-31", reason=REASON),
    on_task("extension_withdraw", SUBMITTER, "submitted"),
    on_task("reopening", WORKERS | COORDINATOR, "closed", reason=REASON),
    on_task("reopening_withdraw", SUBMITTER, "reviewed"),
    on_task("report", WORKERS, "open", text="=Done.", percent="=50", revision="draft.revision"),
    on_task(
        "contribution",
        PARTNER,
        "open",
        "unit.partner",
        text="=Done.",
        revision="draft.revision",
    ),
    Row(
        "draft",
        post=WORKERS,
        sees=CONCERNED,
        at=["open task", "unit.own"],
        send={"text": "=Done.", "percent": "=50", "revision": "draft.revision"},
    ),
    Row("report_version", get=CONCERNED, sees=CONCERNED, at=["closed task", 2]),
    Row("difference", get=CONCERNED, sees=CONCERNED, at=["closed task", 1, 2]),
    Row("evidence", get=CONCERNED, sees=CONCERNED, at=["evidence"]),
    Row("draft_file", get=WORKERS, sees=WORKERS, at=["draft file"]),
    # Deciding: the page is read by those who see its subject, the seat decides
    Row("review", get=CONCERNED, sees=CONCERNED, at=["item"]),
    Row("review", get=CONCERNED, sees=CONCERNED, at=["extension item"]),
    Row("review", get=CONCERNED, sees=CONCERNED, at=["reopening item"]),
    Row("review", get=DRAFTING | APPROVER, sees=DRAFTING | APPROVER, at=["plan item"]),
    Row("decide", post=FIRST_SIGNER, at=["item"], send=DECISION),
    Row("prepare_signature", post=NOBODY, at=["item"], send=DECISION),  # nobody has a passkey
    Row("add_signer", FIRST_SIGNER, FIRST_SIGNER, at=["item"], send=ASKED | {"when": "=after"}),
    Row("transfer", FIRST_SIGNER, FIRST_SIGNER, at=["item"], send=ASKED),
    Row("consult", FIRST_SIGNER, FIRST_SIGNER, at=["item"], send=ASKED),
    Row("give_opinion", post=ADVISER, at=["asked item"], send={"comment": REASON}),
    Row("review", get=CONCERNED, sees=CONCERNED, at=["asked item"]),
    Row("revoke", APPROVER, APPROVER, APPROVER, ["sign-off"], {"reason": REASON}),
    # The record of an approval: those who see its subject
    Row("approval", get=CONCERNED, sees=CONCERNED, at=["approval"]),
    Row("approval", get=DRAFTING | APPROVER, sees=DRAFTING | APPROVER, at=["plan approval"]),
    Row("approval", get=CONCERNED, sees=CONCERNED, at=["extension approval"]),
    Row("approval_form", get=CONCERNED, sees=CONCERNED, at=["approval"]),
    Row("approval", get=EVERYONE, at=["issued plan approval"]),
    Row("approval", get=EVERYONE, at=["route approval"]),
    # A stuck approval: administrators, who needn't see the subject
    for_administrators("intervention", "approval", kind="=send_back", reason=REASON),
    Row(
        "intervention_settle",
        post=ADMINISTRATORS,
        at=["intervention"],
        by_role=True,
        send={"answer": "=decline"},
    ),
    # The record: auditors
    Row("audit", get=AUDITORS),
    Row("audit", get=AUDITORS, query="q=檀"),
    Row("audit", get=AUDITORS, query="person=person&unit=unit&evidence=session&subject=task"),
    Row("audit_list", post=AUDITORS, send={"q": "=檀", "format": "=csv"}),
    Row("audit_list", post=AUDITORS, send={"kind": "=task.closed", "format": "=xlsx"}),
    Row("audit_search_save", post=AUDITORS, send={"q": "=檀", "name": "=Returned"}),
    Row(
        "audit_search_change",
        post=AUDITOR,
        sees=EVERYONE - AUDITORS,
        at=["saved search"],
        by_role=True,
        send={"name": "=Another name"},
    ),
    Row("audit_verification", get=AUDITORS),
    Row("audit_timeline", get=AUDITORS),
    Row("audit_timeline", get=AUDITORS, query="q=檀"),
    Row("audit_comparison", get=AUDITORS),
    Row("audit_statistics", get=AUDITORS),
    Row("audit_behind", get=AUDITORS),
    Row(
        "audit_statistics_export",
        post=AUDITORS,
        own_transaction=True,
        send={"table": "=person", "format": "=csv"},
    ),
    Row("audit_verify", post=AUDITORS, own_transaction=True),
    Row("audit_export", post=AUDITORS, own_transaction=True),
    Row("entry", get=AUDITORS, at=["entry"], by_role=True),
    Row("entry_proof", get=AUDITORS | COORDINATOR, sees=AUDITORS | COORDINATOR, at=["entry"]),
    Row("entry_receipt", get=AUDITORS | COORDINATOR, sees=AUDITORS | COORDINATOR, at=["entry"]),
    # The signed log, and checking a proof: for everybody
    Row("log_checkpoint", get=EVERYONE, at=["organisation"], open_to_all=True),
    Row("log_tile", get=EVERYONE, at=["organisation", 0, "=000.p/1"], open_to_all=True),
    Row("verify", get=EVERYONE, post=EVERYONE, open_to_all=True, send={"pasted": "=no proof"}),
    Row("verify_code", get=EVERYONE, at=["code"], open_to_all=True, tells_units=True),
    Row("entry_json", get=AUDITORS, at=["entry"], by_role=True),
]
