"""The auditor's search in a record of a million entries.

Words have the frequencies that words have: some stand in every third entry, most in a few, some in
none; what is said in one strip of the log is said again in the next. Each search is for the newest
fifty entries. `search` is the statement that finds them, `page` the whole request. The follower is
measured with the index at its full size. Most of the time goes into the index.
"""

import io
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate, islice
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.test import Client
from django.utils import timezone

from approvals.models import SignOff
from audit.ids import uuid7
from audit.search import follower
from audit.search.finding import BLOCK, block_tag
from audit.search.grams import folded
from bench.inbox import client, owner, stopwatch
from directory import actions as directory
from directory.actions import OPERATOR
from directory.models import Organisation, Person
from tests import databases
from workflows import auditing, searching
from workflows.models import Measure, Plan, Task

ENTRIES = int(os.environ.get("DUBAN_BENCH_ENTRIES", "1000000"))
TASKS, PEOPLE, UNITS, VOCABULARY = max(ENTRIES // 50, 10), 400, 30, 8_000
BEGAN = datetime(2021, 1, 4, 1, 0, tzinfo=UTC)
WRITTEN = 100_000
"""Entries that are written one by one; SQL repeats their words in as many more as are wanted."""
LIMITS = {"two characters p95 ms": 100}
LIMIT, EACH = 50, int(os.environ.get("DUBAN_BENCH_EACH", "60"))
CHARACTERS = bytes(
    byte for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFF) for byte in (high, low)
).decode("gb2312")
"""The 3,666 characters that GB/T 2312 calls the most common ones, in its order."""
PHRASES = ["同意", "退回", "请补充佐证材料", "情况属实", "按要求完成", "同意办结", "请核实", "已阅"]
KINDS = {
    "approval.signed_off": 40,
    "session.signed_in": 20,
    "task.submitted": 10,
    "task.accepted": 10,
    "contribution.sent": 8,
    "task.created": 5,
    "extension.requested": 4,
    "task.closed": 3,
}

WORDS = {kind: searching.in_all_languages(auditing.KINDS[kind]) for kind in KINDS}
APPROVED = searching.in_all_languages(SignOff.Decision.APPROVE.label)
ABSENT = CHARACTERS[1500:]
"""Characters in which nothing is written."""


class Language:
    """Words with their frequencies, and what is written with them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.words = [
            "".join(chance.choices(CHARACTERS[:1500], k=chance.choice([2, 2, 2, 3, 4])))
            for _n in range(VOCABULARY)
        ]
        self.weights = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))

    def some(self, least: int, most: int) -> str:
        count = self.chance.randint(least, most)
        return "".join(self.chance.choices(self.words, cum_weights=self.weights, k=count))


class Record:
    """What a record of that size says, row by row; names of people are left out.

    `plan` is the id of the tasks' plan, once there is one.
    """

    plan: UUID

    def __init__(self, organisation: Organisation) -> None:
        self.chance = random.Random(11)
        self.language = Language(self.chance)
        self.organisation = organisation.pk
        self.units = [(str(uuid4()), f"{self.language.some(2, 2)}局") for _n in range(UNITS)]
        self.people = [(uuid4(), self.language.some(1, 1)[:3]) for _n in range(PEOPLE)]
        self.tasks = [(uuid4(), self.language.some(3, 7)) for _n in range(TASKS)]
        self.heads: dict[str, tuple[int, str]] = {}

    def rows(self) -> Iterator[tuple[list[Any], list[Any] | None, list[Any], list[Any]]]:
        """Entry, opening, leaf and what is searched, of every entry in the log's order."""
        kinds, weights = list(KINDS), list(KINDS.values())
        for index in range(min(ENTRIES, WRITTEN)):
            [kind] = self.chance.choices(kinds, weights)
            yield self._row(index, kind)

    def _row(self, index: int, kind: str) -> Any:
        chance = self.chance
        person, _name = chance.choice(self.people)
        unit, unit_name = chance.choice(self.units)
        task, title = chance.choice(self.tasks)
        subject = f"person:{person}" if kind.startswith("session") else f"task:{task}"
        at, entry = BEGAN + timedelta(minutes=2 * index), uuid7()
        said = self._said(kind)
        salt = chance.randbytes(32)
        digest = sha256(salt + said.encode()).digest() if said else b""
        comment = {"commitment": digest.hex()} if said else None
        facts = {"sign_off": {"decision": "approve", "comment": comment}}
        seq, prev = self.heads.get(subject, (0, "00" * 32))
        body = json.dumps(
            {
                "acting_for": None,
                "action": str(entry),
                "actor": f"person:{person}",
                "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "capacity": {
                    "post": unit,
                    "title": "主要负责人",
                    "unit": unit,
                    "unit_name": unit_name,
                },
                "facts": facts if kind.startswith("approval") else {"text": comment},
                "kind": kind,
                "organisation": str(self.organisation),
                "prev": prev,
                "seq": seq + 1,
                "subject": subject,
                "v": 1,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        hashed = sha256(b"\x00" + body).digest()
        self.heads[subject] = seq + 1, hashed.hex()
        about = title if subject.startswith("task") else ""
        tags = [
            block_tag(self.organisation, index // BLOCK),
            f"kind:{kind}",
            f"by:person:{person}",
            f"about:{subject}",
            f"unit:{unit}",
            *(["evidence:session"] if kind.startswith("approval") else []),
        ]
        if about:
            tags.append(f"about:plan:{self.plan}")
        decided = (APPROVED, "approve") if kind == "approval.signed_off" else ("", "")
        words = [WORDS[kind], about, decided[0], f"{unit_name} 主要负责人", decided[1], said]
        return (
            [
                entry,
                self.organisation,
                subject,
                seq + 1,
                entry,
                kind,
                f"person:{person}",
                at,
                f"\\x{body.hex()}",
                f"\\x{prev}",
                f"\\x{hashed.hex()}",
            ],
            [
                uuid4(),
                self.organisation,
                f"\\x{digest.hex()}",
                f"\\x{salt.hex()}",
                f"\\x{said.encode().hex()}",
            ]
            if said
            else None,
            [entry, self.organisation, index],
            [
                entry,
                self.organisation,
                index,
                at,
                "\n".join(folded(one) for one in words if one),
                "{" + ",".join(f'"{tag}"' for tag in tags) + "}",
                f'{{"\\\\x{digest.hex()}"}}' if said else "{}",
            ],
        )

    def _said(self, kind: str) -> str:
        chance = self.chance
        if kind == "approval.signed_off":
            more = self.language.some(2, 12) if chance.random() < 0.5 else ""
            return f"{chance.choice(PHRASES)}。{more}"
        if kind in {"task.submitted", "contribution.sent", "extension.requested"}:
            return self.language.some(20, 90)
        return ""


COLUMNS = {
    "audit_entry": "id, organisation, subject, subject_seq, action, kind, actor, at, body, "
    "prev_hash, entry_hash",
    "audit_opening": "id, organisation, commitment, salt, content",
    "audit_leaf": "entry_id, organisation, leaf_index",
    "audit_searched": "entry_id, organisation, leaf_index, at, text, tags, openings",
}


OTHER = "md5({id}::text || %(first)s)::uuid"
"""The id of an entry's repetition."""
REPEATED = [
    f"""
    INSERT INTO audit_entry ({COLUMNS["audit_entry"]})
    SELECT {OTHER.format(id="one.id")}, one.organisation, subject, subject_seq + %(first)s, action,
        kind, actor, at + %(first)s * interval '2 minutes', body, prev_hash, entry_hash
    FROM audit_entry AS one JOIN audit_leaf ON entry_id = one.id WHERE leaf_index < %(count)s
    """,
    f"""
    INSERT INTO audit_leaf ({COLUMNS["audit_leaf"]})
    SELECT {OTHER.format(id="entry_id")}, organisation, leaf_index + %(first)s
    FROM audit_leaf WHERE leaf_index < %(count)s
    """,
    f"""
    INSERT INTO audit_searched ({COLUMNS["audit_searched"]})
    SELECT {OTHER.format(id="entry_id")}, organisation, leaf_index + %(first)s,
        at + %(first)s * interval '2 minutes', text,
        'log:' || organisation || ':' || (leaf_index + %(first)s) / %(block)s || tags[2:], openings
    FROM audit_searched WHERE leaf_index < %(count)s
    """,
]


def write(record: Record, cursor: Any, say: Callable[[str], None]) -> None:
    """All rows by COPY, and by SQL out of these; then the indexes that the migration makes."""
    # Every chain is whole as it is written; looking that up row by row would take most of the time.
    cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_check")
    cursor.execute("DROP INDEX searched_by_gram")
    cursor.execute("DROP INDEX searched_by_opening")
    rows = record.rows()
    while batch := list(islice(rows, 20_000)):
        for place, (table, columns) in enumerate(COLUMNS.items()):
            lines = (line for one in batch if (line := one[place]) is not None)
            text = "".join("\t".join(map(copied, line)) + "\n" for line in lines)
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", io.StringIO(text))
    for first in range(WRITTEN, ENTRIES, WRITTEN):
        for statement in REPEATED:
            given = {"first": first, "count": min(WRITTEN, ENTRIES - first), "block": BLOCK}
            cursor.execute(statement, given)
    cursor.execute(
        "INSERT INTO audit_searchblock (id, organisation, number, first_at, last_at)"
        " SELECT gen_random_uuid(), organisation, leaf_index / %s, min(at), max(at)"
        " FROM audit_searched GROUP BY organisation, leaf_index / %s",
        [BLOCK, BLOCK],
    )
    say("indexing ...")
    cursor.execute("SET maintenance_work_mem = '1GB'")
    cursor.execute(
        "CREATE INDEX searched_by_gram ON audit_searched"
        " USING gin ((cjk_grams(text) || tags)) WITH (fastupdate = off)"
    )
    cursor.execute("CREATE INDEX searched_by_opening ON audit_searched USING gin (openings)")
    cursor.execute("INSERT INTO audit_loghead VALUES (%s, %s)", [record.organisation, ENTRIES])
    cursor.execute("INSERT INTO audit_searchcursor VALUES (%s, %s)", [record.organisation, ENTRIES])


def copied(value: Any) -> str:
    """A value as COPY reads it."""
    return str(value).replace("\\", "\\\\").replace("\n", "\\n")


def furnish(record: Record, organisation: Organisation, person: Person) -> None:
    """The people and tasks that entries name, so that pages find what they are called."""
    at = timezone.now()
    unit = directory.create_unit(organisation=organisation, name="统战部", actor=OPERATOR, at=at)
    of = {"organisation": organisation}
    Person.objects.bulk_create(
        Person(pk=pk, username=pk.hex, name=name, pinyin="", password="", name_commitment=b"", **of)
        for pk, name in record.people
    )
    plan = Plan.objects.create(
        title="Bench", coordinator=unit, created_by=person, created_at=at, **of
    )
    record.plan = plan.pk
    place = {"position": 1, "number": "1", "heading": "1", "text": "1", "span_start": 0}
    measure = Measure.objects.create(plan=plan, span_end=1, **place, **of)
    Task.objects.bulk_create(
        Task(
            pk=pk,
            plan=plan,
            measure=measure,
            occurrence=number,
            title=title[:300],
            created_at=at,
            **of,
        )
        for number, (pk, title) in enumerate(record.tasks, 1)
    )


Searches = dict[str, list[dict[str, str]]]


def searches(record: Record) -> Searches:
    """What auditors might type; the first four kinds are two characters."""
    chance, words = random.Random(5), record.language.words
    short = [(rank, word) for rank, word in enumerate(words) if len(word) == 2]

    def of(first: int, last: int) -> list[str]:
        return [word for rank, word in short if first <= rank < last]

    def absent() -> str:
        return "".join(chance.choices(ABSENT, k=2))

    def some(*kinds: list[str]) -> list[str]:
        return [" ".join(map(chance.choice, kinds)) for _n in range(EACH)]

    frequent = [*of(0, 30), *(phrase for phrase in PHRASES if len(phrase) == 2), "主要", "负责"]
    ordinary, rare = of(100, 2000), of(6000, VOCABULARY)
    typed = {
        "frequent": some(frequent),
        "ordinary": some(ordinary),
        "rare": some(rare),
        "absent": [absent() for _n in range(EACH)],
        "one character": some(list("".join(ordinary))),
        "three and more": some([word for word in words[:3000] if len(word) > 2]),
        "two words": some(ordinary, frequent),
    }
    found: Searches = {name: [{"q": one} for one in some_] for name, some_ in typed.items()}
    person = [str(pk) for pk, _name in record.people]
    found["frequent of a person"] = [
        {"q": word, "person": chance.choice(person)} for word in typed["frequent"]
    ]
    found["ordinary in a month"] = [
        {"q": word, "first": f"2021-0{month}-01", "last": f"2021-0{month}-28"}
        for word in typed["ordinary"]
        for month in [chance.randint(2, 9)]
    ]
    found["person and kind"] = [
        {"person": chance.choice(person), "kind": "task.closed"} for _n in range(EACH)
    ]
    return found


TWO = ("frequent", "ordinary", "rare", "absent")


def measure(signed_in: Client, asked: Searches) -> dict[str, list[dict[str, float]]]:
    """Milliseconds of each search, in a mixed order."""
    order = [(name, one) for name, some in asked.items() for one in some]
    random.Random(7).shuffle(order)
    figures: dict[str, list[dict[str, float]]] = {}
    for name, query in order:
        with stopwatch() as statements:
            start = time.perf_counter()
            response = signed_in.get("/audit/", query)
            whole = time.perf_counter() - start
        assert response.status_code == 200, response.status_code
        figures.setdefault(name, []).append(
            {
                "page": whole * 1000,
                "search": sum(took for sql, took in statements if "searchblock" in sql) * 1000,
                "hits": response.content.count(b"data-row"),
            }
        )
    return figures


def follow(record: Record, name: str) -> float:
    """Entries a second that the follower reads while the index is at its full size.

    It writes what was written here: nothing else was measured than what the product makes.
    """
    again = min(2000, ENTRIES)
    with owner(name) as own, own.cursor() as cursor:
        cursor.execute(NEWEST, [ENTRIES - again])
        written = cursor.fetchall()
        cursor.execute("DELETE FROM audit_searched WHERE leaf_index >= %s", [ENTRIES - again])
        cursor.execute("UPDATE audit_searchcursor SET next_index = %s", [ENTRIES - again])
    start = time.perf_counter()
    with databases.speaking_as("worker"):
        while follower.follow(at=timezone.now()):
            pass
    took = time.perf_counter() - start
    with owner(name) as own, own.cursor() as cursor:
        cursor.execute(NEWEST, [ENTRIES - again])
        for ours, made in zip(written, cursor.fetchall(), strict=True):
            assert ours == made, (ours, made)
    return again / took


NEWEST = """
    SELECT leaf_index, entry_id, at, text, ARRAY(SELECT unnest(tags) ORDER BY 1), openings
    FROM audit_searched WHERE leaf_index >= %s ORDER BY leaf_index
"""


def main(*, json_only: bool = False) -> dict[str, Any]:
    """Measure, print unless `json_only`, and return the figures."""
    say: Callable[[str], None] = (lambda text: None) if json_only else print
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    name = "duban_bench_search"
    with databases.clone(databases.template(), name), databases.connected_to(name):
        at = timezone.now()
        organisation = directory.create_organisation(name="Bench", actor=OPERATOR, at=at)
        auditor = _auditor(organisation, at)
        record = Record(organisation)
        furnish(record, organisation, auditor)
        say(f"writing {ENTRIES} entries ...")
        with owner(name) as own, own.cursor() as cursor:
            write(record, cursor, say)
            cursor.execute("VACUUM ANALYZE")
            size = _sizes(cursor)
        signed_in, asked = client(auditor), searches(record)
        for query in islice(asked["ordinary"], 5):
            signed_in.get("/audit/", query)
        figures = measure(signed_in, asked)
        speed = follow(record, name)
    return report(figures, size, speed, say)


def _auditor(organisation: Organisation, at: datetime) -> Person:
    unit = directory.create_unit(organisation=organisation, name="监督办", actor=OPERATOR, at=at)
    post = directory.create_post(unit=unit, role="auditor", title="审计人", actor=OPERATOR, at=at)
    person = directory.create_person(
        organisation=organisation,
        username="bench",
        name="Bench",
        language="zh-hans",
        password=None,
        actor=OPERATOR,
        at=at,
    )
    directory.appoint(post=post, person=person, starts_at=at, ends_at=None, actor=OPERATOR, at=at)
    return person


def _sizes(cursor: Any) -> dict[str, int]:
    """Megabytes of what the search needs, and of the entries themselves."""
    found = {}
    for relation in ("audit_entry", "audit_searched", "searched_by_gram"):
        cursor.execute("SELECT pg_table_size(%s) / 1048576", [relation])
        found[relation] = int(cursor.fetchone()[0])
    return found


def report(
    figures: dict[str, list[dict[str, float]]],
    size: dict[str, int],
    speed: float,
    say: Callable[[str], None],
) -> dict[str, Any]:
    found = {name: _spread(rows) for name, rows in figures.items()}
    two = [row for name in TWO for row in figures[name]]
    found["two characters"] = _spread(two)
    for name, spread in found.items():
        say(f"{name:>22}  " + "  ".join(f"{key} {value:7.1f}" for key, value in spread.items()))
    return {
        "name": "search",
        "entries": ENTRIES,
        "ratios": {"two characters p95 ms": found["two characters"]["search p95"]},
        "limits": LIMITS,
        "ms": found,
        "MB": size,
        "followed a second": round(speed),
    }


def _spread(rows: list[dict[str, float]]) -> dict[str, float]:
    found = {"hits": round(statistics.mean(row["hits"] for row in rows), 1)}
    for key in ("search", "page"):
        values = sorted(row[key] for row in rows)
        cuts = statistics.quantiles(values, n=20)
        for name, value in (("p50", cuts[9]), ("p95", cuts[18]), ("max", values[-1])):
            found[f"{key} {name}"] = round(value, 1)
    return found
