"""Whoever puts a route forward chooses who approves it, where the route for routes lets them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals.actions import StageSpec
from approvals.choosing import ChooseSigners, NotOffered
from approvals.models import RouteDraft, WorkItem
from audit.verification import verify
from directory.models import Person, Post
from tests.approvals.past import compare
from tests.approvals.routing import Office, stage
from tests.approvals.test_drafts import facts
from tests.factories import make_holder

pytestmark = pytest.mark.usefixtures("committed_db")


class Panel(Office):
    """Two members of the committee, of whom the writer chooses."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.other = make_holder(self.committee, "reviewer", "Other")
        among = {"select": "post", "unit": str(self.committee.pk), "role": "reviewer"}
        chosen = {"select": "chosen_by_submitter", "from": among}
        self.publish(StageSpec("Committee", [chosen]), name="Routes", kind="route_publication")


def choice(person: Person) -> list[str]:
    return [f"1:{Post.objects.get(appointments__person=person).pk}"]


def press(office: Office, draft: RouteDraft, button: str, **more: Any) -> Any:
    draft.refresh_from_db()
    client = Client()
    client.force_login(office.writer)
    form = {"revision": draft.revision, "do": button, **more}
    return client.post(reverse("route_draft", args=[draft.route_id]), form)


def test_a_route_waits_for_those_whom_its_writer_chose_and_is_replayed() -> None:
    office = Panel()
    draft = office.save(office.begin(), stage("New"))
    with pytest.raises(ChooseSigners, match="at least 1 person"):
        office.submit(draft)
    stranger = make_holder(office.committee, "handler")
    draft = office.save(draft, stage("New"), chosen=choice(stranger))
    with pytest.raises(NotOffered):
        office.submit(draft)

    draft = office.save(draft, stage("New"), chosen=choice(office.member))
    office.submit(draft)

    assert facts(draft.route)["chosen"][0]["stage"] == 1
    [item] = WorkItem.objects.filter(approval__subject_id=draft.route_id, state="open")
    assert (item.post.appointments.get().person, item.origin) == (office.member, "chosen")
    office.decide(draft)
    draft.refresh_from_db()
    assert draft.state == "published"
    assert compare(office.organisation.pk, draft.route.subject) == 1
    assert verify(office.organisation.pk).first_bad is None


def test_the_editor_keeps_the_choice_with_the_draft_and_says_where_one_is_missing() -> None:
    office = Panel()
    draft = office.save(office.begin(), stage("New"))

    refused = press(office, draft, "submit")
    assert refused.status_code == 422
    assert 'id="id_signers-1_error"' in refused.content.decode()

    saved = press(office, draft, "save", **{"signers-1": choice(office.member)})
    assert f'value="{choice(office.member)[0]}"' in saved.content.decode()
    draft.refresh_from_db()
    assert draft.chosen == choice(office.member)

    sent = press(office, draft, "submit", **{"signers-1": choice(office.member)})
    assert sent.status_code == 302
    draft.refresh_from_db()
    assert (draft.state, draft.chosen) == ("submitted", choice(office.member))


def test_whoever_wrote_the_route_is_not_offered() -> None:
    office = Panel()
    draft = office.save(office.begin(), stage("New"))
    draft.authors.append(office.other.pk)
    draft.save()
    client = Client()
    client.force_login(office.writer)
    page = client.get(reverse("route_draft", args=[draft.route_id])).content.decode()
    assert "Member" in page
    assert choice(office.other)[0] not in page
