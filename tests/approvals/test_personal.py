"""Decisions that a person's own passkey signs: what is signed, what is refused, what is kept."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from approvals import actions, queries
from approvals.actions import StageSpec, preparing
from approvals.forms.deciding import LONGEST_ANSWER
from approvals.models import Assertion, PreparedSignature, SignOff, WorkItem
from approvals.replay import TABLES
from approvals.routes.specs import MOST_BYTES
from audit.canonical import LIMIT, encode
from audit.errors import Refused
from audit.models import Entry
from audit.queries import read_openings
from audit.replay import Record, Replayed
from directory import actions as directory
from directory import passkeys
from directory.actions import OPERATOR
from directory.models import Passkey, Unit
from tests.approvals.factories import World
from tests.approvals.routing import LATER, LEAD, Office, stage
from tests.approvals.signing import SOON, Act, keyed
from tests.authenticator import EDDSA, Authenticator, b64, unb64
from tests.factories import NOW, delegate, make_holder, make_passkey, make_person, make_post
from tests.racing import outcomes

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def world() -> World:
    """One stage, of which both have to approve with their passkey."""
    world = World()
    world.route(["Ana", "Ben"], rule="all", evidence="passkey")
    world.begin()
    return world


def last_entry(world: World) -> dict[str, Any]:
    entry = Entry.objects.filter(subject=world.unit.subject).latest("subject_seq")
    body: dict[str, Any] = json.loads(bytes(entry.body))
    return body


def unsigned(world: World) -> None:
    assert not SignOff.objects.filter(organisation=world.organisation).exists()
    assert not Assertion.objects.filter(organisation=world.organisation).exists()


# What is signed and kept


@pytest.mark.parametrize("algorithm", [-7, EDDSA], ids=["ES256", "EdDSA"])
def test_a_passkey_signs_exactly_the_statement_that_is_kept(world: World, algorithm: int) -> None:
    _, device = make_passkey(world.people["Ana"], Authenticator(algorithm=algorithm))
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    unsigned(world)
    done = act.commit(prepared, device.get(challenge=prepared.challenge))
    row = SignOff.objects.get(pk=done.sign_off_id)
    assert bytes(row.statement) == prepared.statement
    assert (row.evidence, row.at) == ("passkey", SOON + timedelta(seconds=20))
    said = json.loads(prepared.statement)
    assert said["evidence"] == "passkey"
    assert said["issued_at"] == SOON.isoformat().replace("+00:00", ".000000Z")
    client_data = json.loads(bytes(row.assertion.client_data))
    assert client_data["challenge"] == b64(sha256(row.statement).digest())


def test_the_entry_holds_all_that_checking_the_signature_takes(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    done = Act.of(world, "Ana").sign(device)
    row = SignOff.objects.get(pk=done.sign_off_id)
    body = last_entry(world)
    said = body["facts"]["sign_off"]
    kept = row.assertion
    assert (body["kind"], body["actor"]) == ("approval.signed_off", world.people["Ana"].subject)
    assert said["evidence"] == "passkey"
    assert said["statement"] == sha256(bytes(row.statement)).hexdigest()
    assert said["passkey"] == {
        "credential": device.credential_id.hex(),
        "authenticator_data": bytes(kept.authenticator_data).hex(),
        "client_data": bytes(kept.client_data).hex(),
        "signature": bytes(kept.signature).hex(),
    }
    assert bytes(kept.passkey.credential_id) == device.credential_id
    comment = bytes(row.comment or b"")
    assert read_openings(world.organisation.pk, [comment])[comment] == "Seen and agreed."


def test_an_ordinary_decision_says_how_it_was_proved_and_prepares_nothing() -> None:
    world = World()
    world.route(["Ana"])
    world.begin()
    world.decide("Ana", evidence="password")
    said = last_entry(world)["facts"]["sign_off"]
    assert said["evidence"] == "password"
    assert "passkey" not in said
    assert not PreparedSignature.objects.filter(organisation=world.organisation).exists()


def test_a_passkey_will_do_where_less_is_asked_for() -> None:
    for evidence in ("session", "password"):
        world = World()
        world.route(["Ana"], evidence=evidence)
        world.begin()
        done = Act.of(world, "Ana").sign(keyed(world, "Ana")["Ana"])
        assert SignOff.objects.get(pk=done.sign_off_id).evidence == "passkey"


@pytest.mark.parametrize("evidence", ["session", "password"])
def test_where_a_passkey_is_asked_for_nothing_less_will_do(world: World, evidence: str) -> None:
    with pytest.raises(actions.StrongerProof):
        world.decide("Ana", evidence=evidence)
    with pytest.raises(actions.NotPrepared):
        world.decide("Ana", evidence="passkey")
    unsigned(world)


def test_no_statement_holds_the_name_of_a_person() -> None:
    world = World()
    world.publish(StageSpec("Review", [{"select": "post_of_lead", "role": "principal"}]))
    holder = make_holder(world.unit, "principal", "Qiao Wanshu")
    deputy = make_person(world.organisation, "Lian Moqi")
    delegate(holder, deputy)
    world.begin()
    item = WorkItem.objects.get(opening__approval__subject_id=world.unit.pk)
    _, device = make_passkey(deputy)
    act = Act(item, deputy, digest=queries.seen_digest(item))
    row = SignOff.objects.get(pk=act.sign(device).sign_off_id)
    said = bytes(row.statement).decode()
    assert row.acting_for == holder
    assert "Qiao" not in said
    assert "Lian" not in said
    assert json.loads(said)["meaning"]["text"].startswith("By delegation, as ")


def test_the_sign_off_follows_from_the_ledger_and_a_change_is_found(world: World) -> None:
    Act.of(world, "Ana").sign(keyed(world, "Ana")["Ana"])
    tables = [
        Replayed(table)
        for table in TABLES
        if table.model in ("approvals.signoff", "approvals.assertion")
    ]
    body = last_entry(world)
    found = [
        Record(body["subject"], body["seq"], body["kind"], body["actor"], None, body["at"], facts)
        for facts in (body["facts"], {"sign_off": body["facts"]["sign_off"] | {"evidence": "x"}})
    ]
    for table in tables:
        table.hear(found[0])
    assert [one for t in tables for one in t.findings(world.organisation.pk)] == []
    for table in tables:
        table.hear(found[1])
    [changed] = [one for t in tables for one in t.findings(world.organisation.pk)]
    assert "evidence" in str(changed)


def test_what_a_passkey_answered_is_never_changed(world: World) -> None:
    Act.of(world, "Ana").sign(keyed(world, "Ana")["Ana"])
    mine = Assertion.objects.filter(organisation=world.organisation)
    with pytest.raises(DatabaseError):
        mine.update(signature=b"other")
    with pytest.raises(DatabaseError):
        mine.delete()


def test_a_signature_is_remembered_on_its_passkey_and_a_counter_may_stand_still(
    world: World,
) -> None:
    passkey, device = make_passkey(world.people["Ana"], Authenticator(counts=False))
    Act.of(world, "Ana").sign(device)
    passkey.refresh_from_db()
    assert passkey.last_used_at == SOON + timedelta(seconds=20)
    world.cancel()
    world.begin()
    assert Act.of(world, "Ana").sign(device).result == "pending"


def test_an_ordinary_decision_takes_no_statement_more_than_before() -> None:
    world = World()
    world.route(["Ana", "Ben", "Cleo"], rule="all")
    world.begin()
    keyed(world, "Ana")
    world.decide("Ben")
    item, digest = world.item("Ana"), queries.seen_digest(world.item("Ana"))
    with CaptureQueriesContext(connection) as captured:
        world.decide("Ana", item=item, seen_digest=digest)
    assert not [one for one in captured if "passkey" in one["sql"] or "prepared" in one["sql"]]


def test_the_largest_route_is_published_by_the_longest_signature() -> None:
    office = Office()
    asks = {"select": "post", "unit": office.committee.pk, "role": "reviewer"}
    committee = StageSpec("Committee", [asks], evidence="passkey")
    office.publish(committee, name="Routes", kind="route_publication")
    stages = [stage("名" * 60, approvers=[LEAD] * 3) for _ in range(30)]
    while len(encode(stages)) > MOST_BYTES - 400:
        stages.pop()
    draft = office.save(office.begin(), *stages)
    office.submit(draft)
    item = WorkItem.objects.get(approval__subject_id=draft.route_id, state="open")
    device = Authenticator(credential_id=os.urandom(1023))
    make_passkey(office.member, device)
    act = Act(item, office.member, digest=queries.seen_digest(item), at=LATER)
    prepared = act.prepare()
    said = {"type": "webauthn.get", "challenge": b64(prepared.challenge), "crossOrigin": False}
    said |= {"origin": "http://localhost", "padding": ""}
    fixed = 1023 + 37 + 72 + len(json.dumps(said))
    said["padding"] = "x" * (LONGEST_ANSWER - fixed)
    answer = device.get(client_data=json.dumps(said).encode())
    assert act.commit(prepared, answer).result == "passed"
    entry = Entry.objects.filter(subject=f"route:{draft.route_id}").latest("subject_seq")
    assert MOST_BYTES < len(entry.body) <= LIMIT


# Preparing


def test_preparing_decides_nothing_and_keeps_the_comment(world: World) -> None:
    keyed(world, "Ana")
    before = Entry.objects.filter(organisation=world.organisation.pk).count()
    Act.of(world, "Ana", comment="Nearly there.").prepare()
    unsigned(world)
    assert Entry.objects.filter(organisation=world.organisation.pk).count() == before
    assert queries.review(loaded(world, "Ana"), world.people["Ana"], SOON).draft == "Nearly there."


def loaded(world: World, name: str) -> WorkItem:
    item: WorkItem = WorkItem.objects.select_related(
        "approval", "opening__stage", "opening__round", "post__unit", "person"
    ).get(pk=world.item(name).pk)
    return item


def test_preparing_again_puts_the_first_out_of_use(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    first, second = act.prepare(), act.prepare()
    assert first.challenge != second.challenge
    with pytest.raises(actions.NotPrepared):
        act.commit(first, device.get(challenge=first.challenge))
    assert act.commit(second, device.get(challenge=second.challenge)).result == "pending"


@pytest.mark.parametrize(
    ("bent", "refusal"),
    [
        ({"decision": "return", "comment": " "}, actions.ReasonRequired),
        ({"decision": "dance"}, actions.UnknownDecision),
        ({"comment": "x" * 2001}, actions.CommentTooLong),
        ({"digest": bytes(32)}, actions.ContentChanged),
    ],
    ids=["no reason", "no decision", "too long", "changed"],
)
def test_what_a_decision_refuses_is_refused_before_the_device_asks(
    world: World, bent: dict[str, Any], refusal: type[Refused]
) -> None:
    keyed(world, "Ana")
    with pytest.raises(refusal):
        Act.of(world, "Ana").bent(**bent).prepare()
    assert not PreparedSignature.objects.filter(organisation=world.organisation).exists()


def test_without_a_passkey_there_is_nothing_to_prepare(world: World) -> None:
    with pytest.raises(actions.NoPasskey):
        Act.of(world, "Ana").prepare()


def test_somebody_who_is_not_asked_prepares_nothing(world: World) -> None:
    stranger = make_person(world.organisation)
    make_passkey(stranger)
    with pytest.raises(actions.NotYourItem):
        Act.of(world, "Ana", by=stranger).prepare()


# What is refused between preparing and signing

Bend = Callable[[World, Act], Act]


@pytest.mark.parametrize(
    ("bent", "refusal"),
    [
        ({"decision": "abstain"}, actions.NotAsPrepared),
        ({"decision": "return"}, actions.NotAsPrepared),
        ({"comment": "Something else."}, actions.NotAsPrepared),
        ({"comment": ""}, actions.NotAsPrepared),
        ({"seen": f"1:{'0' * 64}"}, actions.ContentChanged),
        ({"digest": bytes(32)}, actions.ContentChanged),
    ],
    ids=["decision", "return", "comment", "no comment", "head", "digest"],
)
def test_nothing_but_what_was_prepared_can_be_signed(
    world: World, bent: dict[str, Any], refusal: type[Refused]
) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    with pytest.raises(refusal):
        act.bent(**bent).commit(prepared, device.get(challenge=prepared.challenge))
    unsigned(world)


def test_a_comment_that_was_not_prepared_is_not_slipped_in(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana", comment="")
    prepared = act.prepare()
    with pytest.raises(actions.NotAsPrepared):
        act.bent(comment="Slipped in.").commit(prepared, device.get(challenge=prepared.challenge))
    unsigned(world)


def test_a_return_goes_only_where_the_signer_sent_it() -> None:
    world = World()
    world.publish(
        StageSpec("First", [world.seat("Ana")]),
        StageSpec("Second", [world.seat("Ben")], returns_to=[1], evidence="passkey"),
    )
    world.begin()
    world.decide("Ana")
    device = keyed(world, "Ben")["Ben"]
    act = Act.of(world, "Ben", decision="return", target=1)
    prepared = act.prepare()
    answer = device.get(challenge=prepared.challenge)
    with pytest.raises(actions.NotAsPrepared):
        act.bent(target=0).commit(prepared, answer)
    assert act.commit(prepared, answer).result == "returned"
    assert SignOff.objects.get(person=world.people["Ben"]).target == 1


def test_nobody_signs_what_was_prepared_for_somebody_else(world: World) -> None:
    devices = keyed(world, "Ana", "Ben")
    ana, ben = Act.of(world, "Ana"), Act.of(world, "Ben")
    prepared = ana.prepare()
    answer = devices["Ben"].get(challenge=prepared.challenge)
    with pytest.raises(actions.NotPrepared):
        ben.commit(prepared, answer)
    with pytest.raises(actions.NotYourPasskey):
        ana.commit(prepared, answer)
    unsigned(world)


def test_a_statement_waits_for_five_minutes(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    answer = device.get(challenge=prepared.challenge)
    with pytest.raises(actions.PreparedTooLongAgo):
        act.commit(prepared, answer, at=SOON + timedelta(minutes=5))
    unsigned(world)
    assert act.commit(prepared, answer, at=SOON + timedelta(minutes=4, seconds=59))


def test_a_signature_is_used_once_but_sending_it_twice_is_no_mistake(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    answer = device.get(challenge=prepared.challenge)
    first, again = act.commit(prepared, answer), act.commit(prepared, answer)
    assert (again.sign_off_id, again.repeated) == (first.sign_off_id, True)
    other = Act.of(world, "Ana").bent(item=act.item)
    with pytest.raises(actions.StageClosed):
        other.commit(prepared, answer)
    # Taken back, the seat has a new turn: the old signature doesn't fit it.
    actions.revoke(
        sign_off_id=first.sign_off_id,
        reason="Too early.",
        actor=world.people["Ana"],
        at=SOON + timedelta(minutes=1),
    )
    turn = Act.of(world, "Ana", at=SOON + timedelta(minutes=2))
    with pytest.raises(actions.NotPrepared):
        turn.commit(prepared, answer)
    assert turn.sign(device).result == "pending"


def test_what_was_signed_fits_no_other_item(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    here = Act.of(world, "Ana")
    prepared = here.prepare()
    world.begin(unit=make_post(world.posts["Ben"].unit, "reviewer").unit)
    there = Act.of(world, "Ana")
    assert there.item != here.item
    with pytest.raises(actions.NotPrepared):
        there.commit(prepared, device.get(challenge=prepared.challenge))


def test_a_subject_that_changed_is_not_signed(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    Unit.objects.filter(pk=world.unit.pk).update(name="Renamed")
    with pytest.raises(actions.ContentChanged):
        act.commit(prepared, device.get(challenge=prepared.challenge))


def test_a_post_that_is_called_something_else_by_now_is_read_again(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    type(world.posts["Ana"]).objects.filter(pk=world.posts["Ana"].pk).update(title="Chair")
    with pytest.raises(actions.NotAsPrepared):
        act.commit(prepared, device.get(challenge=prepared.challenge))


def test_whoever_lost_the_post_meanwhile_signs_nothing(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    held = world.posts["Ana"].appointments.get()
    directory.dismiss(appointment_id=held.pk, actor=OPERATOR, at=SOON)
    with pytest.raises(actions.NotYourItem):
        act.commit(prepared, device.get(challenge=prepared.challenge))


def test_whoever_acts_for_somebody_signs_only_while_the_delegation_lasts(world: World) -> None:
    deputy = make_person(world.organisation, "Deputy")
    _, device = make_passkey(deputy)
    lent = delegate(world.people["Ana"], deputy)
    act = Act.of(world, "Ana", by=deputy)
    prepared = act.prepare()
    directory.revoke(delegation_id=lent.pk, actor=OPERATOR, at=SOON)
    with pytest.raises(actions.NotYourItem):
        act.commit(prepared, device.get(challenge=prepared.challenge))


def test_a_stage_that_closed_meanwhile_takes_no_signature() -> None:
    world = World()
    world.route(["Ana", "Ben"], evidence="passkey")
    world.begin()
    devices = keyed(world, "Ana", "Ben")
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    Act.of(world, "Ben").sign(devices["Ben"])
    with pytest.raises(actions.StageClosed):
        act.commit(prepared, devices["Ana"].get(challenge=prepared.challenge))


def test_a_passkey_that_was_revoked_meanwhile_signs_nothing(world: World) -> None:
    passkey, device = make_passkey(world.people["Ana"])
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    directory.revoke_passkey(
        passkey_id=passkey.pk, reason="Lost.", actor=world.people["Ana"], at=SOON
    )
    with pytest.raises(actions.NotYourPasskey):
        act.commit(prepared, device.get(challenge=prepared.challenge))
    unsigned(world)


def test_a_passkey_that_is_revoked_by_now_signs_nothing_that_began_before(world: World) -> None:
    passkey, device = make_passkey(world.people["Ana"])
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    directory.revoke_passkey(
        passkey_id=passkey.pk,
        reason="Lost.",
        actor=world.people["Ana"],
        at=SOON + timedelta(minutes=1),
    )
    with pytest.raises(actions.NotYourPasskey):
        act.commit(prepared, device.get(challenge=prepared.challenge))
    unsigned(world)


def test_a_passkey_that_waits_for_approval_signs_nothing(world: World) -> None:
    _, old = make_passkey(world.people["Ana"])
    directory.ask_for_approval_of_passkeys(
        organisation_id=world.organisation.pk, wanted=True, actor=OPERATOR, at=NOW
    )
    _, new = make_passkey(world.people["Ana"])
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    assert [bytes(one.credential_id) for one in prepared.passkeys] == [old.credential_id]
    with pytest.raises(actions.NotYourPasskey):
        act.commit(prepared, new.get(challenge=prepared.challenge))
    unsigned(world)


@pytest.mark.parametrize(
    ("bent", "refusal"),
    [
        ({"origin": "https://evil.example"}, passkeys.WrongOrigin),
        ({"cross_origin": True}, passkeys.WrongOrigin),
        ({"rp_id": "evil.example"}, passkeys.WrongSite),
        ({"type": "webauthn.create"}, passkeys.OtherQuestion),
        ({"challenge": bytes(32)}, passkeys.OtherQuestion),
        ({"up": False}, passkeys.NobodyThere),
        ({"uv": False}, passkeys.NotVerified),
        ({"be": True}, passkeys.OtherNature),
        ({"signature": bytes(70)}, passkeys.WrongSignature),
        ({"key": Authenticator().key}, passkeys.WrongSignature),
        ({"credential_id": bytes(32)}, actions.NotYourPasskey),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_answer_that_is_bent_signs_nothing(
    world: World, bent: dict[str, Any], refusal: type[Refused]
) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    with pytest.raises(refusal):
        act.commit(prepared, device.get(**{"challenge": prepared.challenge} | bent))
    unsigned(world)


def test_no_bit_of_a_signature_can_be_turned(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    answer = device.get(challenge=prepared.challenge)
    signature = unb64(answer["response"]["signature"])
    for bit in range(0, len(signature) * 8, 29):
        turned = bytearray(signature)
        turned[bit // 8] ^= 1 << bit % 8
        response = answer["response"] | {"signature": b64(bytes(turned))}
        with pytest.raises(passkeys.PasskeyRefused):
            act.commit(prepared, answer | {"response": response})
    assert act.commit(prepared, answer).result == "pending"


def test_a_comment_that_nobody_signed_is_kept_for_a_day_and_no_longer(world: World) -> None:
    keyed(world, "Ana")
    prepared = Act.of(world, "Ana").bent(comment="The figures are wrong.").prepare()
    waiting = PreparedSignature.objects.filter(organisation=world.organisation)
    preparing.forget(at=prepared.expires_at + timedelta(days=1))
    assert waiting.get().comment == "The figures are wrong."
    preparing.forget(at=prepared.expires_at + timedelta(days=1, seconds=1))
    assert not waiting.exists()


# Races


def test_of_two_commits_of_one_statement_one_counts(world: World) -> None:
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    answer = device.get(challenge=prepared.challenge)
    other = Act.of(world, "Ana")
    found = outcomes(
        lambda: act.commit(prepared, answer),
        lambda: other.commit(prepared, answer),
    )
    assert found == ["StageClosed", "done"]
    assert Assertion.objects.filter(organisation=world.organisation).count() == 1


def test_a_statement_that_is_prepared_twice_at_once_waits_once(world: World) -> None:
    keyed(world, "Ana")
    act = Act.of(world, "Ana")
    assert outcomes(*[act.prepare] * 4) == ["done"] * 4
    assert PreparedSignature.objects.filter(organisation=world.organisation).count() == 1


@pytest.mark.parametrize("_time", range(4))
def test_a_withdrawal_and_a_signature_leave_one_of_them_standing(_time: int) -> None:
    world = World()
    world.route(["Ana"], evidence="passkey")
    world.begin()
    device = keyed(world, "Ana")["Ana"]
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    answer = device.get(challenge=prepared.challenge)
    found = outcomes(lambda: act.commit(prepared, answer), world.withdraw)
    assert found[1] == "done"
    assert found[0] in ("StageClosed", "AlreadyDecided", "NotUnderApproval")


@pytest.mark.parametrize("_time", range(4))
def test_a_revocation_and_a_signature_come_one_after_the_other(_time: int) -> None:
    """Whatever comes first: no signature stands that came after its passkey was revoked."""
    world = World()
    world.route(["Ana"], evidence="passkey")
    world.begin()
    ana = world.people["Ana"]
    passkey, device = make_passkey(ana)
    act = Act.of(world, "Ana")
    prepared = act.prepare()
    answer = device.get(challenge=prepared.challenge)
    at = SOON + timedelta(seconds=20)
    found = outcomes(
        lambda: act.commit(prepared, answer),
        lambda: directory.revoke_passkey(passkey_id=passkey.pk, reason="Lost.", actor=ana, at=at),
    )
    assert found in (["done", "done"], ["NotYourPasskey", "done"])
    assert Passkey.objects.get(pk=passkey.pk).revoked_at == at
