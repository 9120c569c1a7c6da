"""The ledger vouches for where each plan is and for what was put forward."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection

from audit.verification import verify
from tests.workflows.planning import (
    decide,
    make_district,
    make_draft,
    publish_countersigning,
    put_forward,
    signers,
)
from workflows.models import Plan

SpeakingAs = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def plan(committed_db: None) -> Plan:
    """A plan that was countersigned and is under approval."""
    district = make_district()
    publish_countersigning(district)
    plan = put_forward(district, make_draft(district))
    for person in signers(plan):
        decide(plan, person)
    return plan


def forge(speaking_as: SpeakingAs, *statements: tuple[str, list[Any]]) -> None:
    with speaking_as("owner"), connection.cursor() as cursor:
        for statement, values in statements:
            cursor.execute(statement, values)


def first_bad(plan: Plan) -> str:
    """What the verifier names first; empty if all is well."""
    return str(verify(plan.organisation_id).first_bad or "")


def test_an_honest_plan_agrees_with_its_entries(plan: Plan) -> None:
    assert first_bad(plan) == ""


def test_a_plan_that_was_moved_by_hand_is_named(plan: Plan, speaking_as: SpeakingAs) -> None:
    move = "UPDATE viewflow_task SET flow_task = %s WHERE status = 'NEW' AND process_id = %s"
    forge(speaking_as, (move, ["workflows/flows.PlanFlow.issue", plan.process_id]))

    assert str(plan.pk) in first_bad(plan)


def test_a_version_that_was_rewritten_is_named(plan: Plan, speaking_as: SpeakingAs) -> None:
    table, trigger = "workflows_planversion", "workflows_planversion_insert_only"
    forge(
        speaking_as,
        (f"ALTER TABLE {table} DISABLE TRIGGER {trigger}", []),
        ("UPDATE workflows_planversion SET content = 'x' WHERE plan_id = %s", [plan.pk]),
        (f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}", []),
    )

    assert str(plan.document_id) in first_bad(plan)
