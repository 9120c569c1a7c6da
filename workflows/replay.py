"""How tasks follow from ledger entries."""

from collections.abc import Iterator

from audit.replay import Record, Table, Values


def task_state(record: Record) -> Iterator[tuple[str, Values]]:
    """`facts.state` of an entry on a task: created, and every transition since."""
    if record.subject.startswith("task:") and (change := record.facts.get("state")):
        yield record.subject_id, {"state": change["to"]}


TABLES = [Table("workflows.task", told=task_state, columns={"state": "state"})]
