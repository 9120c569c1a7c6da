"""The daily mail: the log's last checkpoint, to be kept where nobody here can reach it.

Each person gets it once a day at most: a row says so, which a restart doesn't forget. Auditors get
it unless they chose otherwise, everybody else if they chose it.
"""

import logging
import re
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit import proofs, queries, witnessing
from directory.models import Organisation, Person, Post
from notices import rules
from notices.mail import AT_ONCE, TRIES
from notices.models import DailyChoice, DailyMail
from workflows.queries.inbox import inbox_count

log = logging.getLogger("duban.mail")


def prepare(*, at: datetime) -> int:
    """A daily step of the worker: whoever is to get today's mail is put down for it, once."""
    if not settings.NOTICES_BY_MAIL:
        return 0
    day = timezone.localdate(at)
    known = set(DailyMail.objects.filter(day=day).values_list("person", flat=True))
    made = [
        DailyMail(organisation=organisation, person=person, day=day, mail_at=at)
        for organisation in Organisation.objects.all()
        if proofs.newest(organisation.pk)
        for person in subscribers(organisation, at)
        if person.email and person.pk not in known
    ]
    DailyMail.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def subscribers(organisation: Organisation, at: datetime) -> list[Person]:
    """Auditors and whoever asked for it, without those who declined it."""
    choices = dict(
        DailyChoice.objects.filter(organisation=organisation).values_list("person", "wants")
    )
    asked = Person.objects.filter(pk__in=[pk for pk, wants in choices.items() if wants])
    found = {person.pk: person for person in [*_auditors(organisation, at), *asked]}
    return [one for one in found.values() if one.is_active and choices.get(one.pk, True)]


def wants(person: Person, at: datetime) -> bool:
    """Whether the person gets it."""
    choice = DailyChoice.objects.filter(person=person).first()
    if choice is not None:
        return choice.wants
    return any(one.pk == person.pk for one in _auditors(person.organisation, at))


def _auditors(organisation: Organisation, at: datetime) -> list[Person]:
    return rules.holding(organisation.pk, Post.Role.AUDITOR, at)


@transaction.atomic(durable=True)
def choose(*, person: Person, wanted: bool, at: datetime) -> DailyChoice:
    """Whether the person gets the mail from now on. No entry: it changes nobody's record."""
    Person.locked(person.pk)
    choice, _made = DailyChoice.objects.update_or_create(
        person=person,
        defaults={"organisation": person.organisation, "wants": wanted, "chosen_at": at},
    )
    return choice


def deliver(*, at: datetime) -> int:
    """A step of the worker: send what is due, a few at a time."""
    tried = 0
    while tried < AT_ONCE and _next(at):
        tried += 1
    return tried


@transaction.atomic(durable=True)
def _next(at: datetime) -> int:
    """Send one while its row is locked: a crash may send it twice, never lose it."""
    waiting = DailyMail.objects.filter(mail_at__lte=at).order_by("mail_at")
    mail = waiting.select_for_update(skip_locked=True, of=["self"]).first()
    if mail is None:
        return 0
    try:
        mail.size = _send(mail, at)
        mail.mail_at, mail.sent_at = None, at
    except (OSError, SMTPException) as error:
        log.warning("The daily mail %s was not sent: %s", mail.pk, error)
        mail.mail_tries += 1
        again = at + timedelta(minutes=2**mail.mail_tries)
        mail.mail_at = again if mail.mail_tries < TRIES else None
    mail.save(update_fields=["mail_at", "mail_tries", "sent_at", "size"])
    return 1


def _send(mail: DailyMail, at: datetime) -> int:
    """Send it as things stand now; returns how many entries it told of."""
    person = mail.person
    standing = queries.standing(mail.organisation_id)
    signed = standing.signed
    if signed is None:  # nothing to keep yet
        return 0
    last = DailyMail.objects.filter(person=person, sent_at__isnull=False).order_by("-day").first()
    with translation.override(person.language or settings.LANGUAGE_CODE):
        context = {
            "signed": signed,
            "note": signed.cosigned,
            "new": signed.size - last.size if last and last.size <= signed.size else signed.size,
            "last": last,
            "standing": standing,
            "witnessing": witnessing.of(mail.organisation_id, at=at),
            "waiting": inbox_count(person, at),
            "origin": settings.ORIGIN,
        }
        # What templates leave empty goes; a checkpoint has but one empty line at a time.
        body = re.sub(r"\n{3,}", "\n\n", render_to_string("notices/daily.txt", context))
        subject = _("Checkpoint of %(day)s: %(size)s entries") % {
            "day": f"{mail.day:%Y-%m-%d}",
            "size": signed.size,
        }
        send_mail(subject, body, None, [person.email])
    return signed.size
