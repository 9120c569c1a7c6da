"""The same route in SpiffWorkflow, its state saved to PostgreSQL after each step."""

import contextlib
import json
import os
import time
from typing import Any

import psycopg2
from SpiffWorkflow import TaskState
from SpiffWorkflow.serializer.json import JSONSerializer
from SpiffWorkflow.specs.Join import Join
from SpiffWorkflow.specs.Simple import Simple
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.workflow import Workflow

from bench._world import STEPS

TABLE = """
DROP TABLE IF EXISTS bench_spiff;
CREATE TABLE bench_spiff (id serial PRIMARY KEY, state text);
GRANT ALL ON bench_spiff, bench_spiff_id_seq TO PUBLIC;
"""


def spec() -> WorkflowSpec:
    """A, then all of B, then two of C, then D; each signer is a task completed by hand."""
    made = WorkflowSpec("signers", addstart=True)

    def signer(name: str) -> Simple:
        return Simple(made, name, manual=True)

    first = signer("A")
    made.start.connect(first)
    countersigned = Join(made, "countersigned", split_task="A")
    for name in ("B1", "B2", "B3"):
        one = signer(name)
        first.connect(one)
        one.connect(countersigned)
    voted = Join(made, "voted", split_task="countersigned", threshold=2, cancel=True)
    for name in ("C1", "C2", "C3"):
        one = signer(name)
        countersigned.connect(one)
        one.connect(voted)
    voted.connect(signer("D"))
    return made


class Store:
    """One row a workflow, read under its lock and written after each step."""

    def __init__(self, link: Any) -> None:
        self.link, self.serializer = link, JSONSerializer()
        self.spec = spec()
        owner = psycopg2.connect(os.environ["DATABASE_OWNER_URL"])
        with contextlib.closing(owner), owner, owner.cursor() as cursor:
            cursor.execute(TABLE)

    def start(self) -> int:
        workflow = Workflow(self.spec)
        workflow.run_all()
        with self.link.cursor() as cursor:
            written = [self._written(workflow)]
            cursor.execute("INSERT INTO bench_spiff (state) VALUES (%s) RETURNING id", written)
            made: int = cursor.fetchone()[0]
        self.link.commit()
        return made

    def run(self, process: int) -> list[float]:
        times = []
        for name in STEPS:
            began = time.perf_counter()
            with self.link.cursor() as cursor:
                cursor.execute("SELECT state FROM bench_spiff WHERE id = %s FOR UPDATE", [process])
                state = cursor.fetchone()[0]
                workflow = self.serializer.deserialize_workflow(state)
                ready = workflow.get_tasks(state=TaskState.READY, spec_name=name)
                next(iter(ready)).run()
                workflow.run_all(halt_on_manual=True)
                written = [self._written(workflow), process]
                cursor.execute("UPDATE bench_spiff SET state = %s WHERE id = %s", written)
            self.link.commit()
            times.append(time.perf_counter() - began)
        return times

    def _written(self, workflow: Workflow) -> str:
        written = self.serializer.serialize_workflow(workflow)
        return written if isinstance(written, str) else json.dumps(written)
