"""Mail about notices: tried after the notice is committed, and again until it is sent."""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation

from notices import queries, wording
from notices.models import Notice

TRIES = 8
AT_ONCE = 20

log = logging.getLogger("duban.mail")


def deliver(*, at: datetime) -> int:
    """A step of the worker: send what is due, a few at a time."""
    tried = 0
    while tried < AT_ONCE and _next(at):
        tried += 1
    return tried


@transaction.atomic(durable=True)
def _next(at: datetime) -> int:
    """Send one mail while its notice is locked: a crash may send it twice, never lose it."""
    waiting = Notice.objects.filter(mail_at__lte=at).order_by("mail_at")
    notice = waiting.select_for_update(skip_locked=True, of=["self"]).first()
    if notice is None:
        return 0
    try:
        _send(notice)
        notice.mail_at = None
    except (OSError, SMTPException) as error:
        log.warning("Mail of notice %s was not sent: %s", notice.pk, error)
        notice.mail_tries += 1
        again = at + timedelta(minutes=2**notice.mail_tries)
        notice.mail_at = again if notice.mail_tries < TRIES else None
    notice.save(update_fields=["mail_at", "mail_tries"])
    return 1


def _send(notice: Notice) -> None:
    with translation.override(notice.person.language or settings.LANGUAGE_CODE):
        [shown] = queries.worded([notice])
        link = f"{settings.ORIGIN}{shown.url}" if settings.ORIGIN else ""
        body = "\n\n".join(
            part for part in (shown.text, shown.detail, link, wording.because(notice.kind)) if part
        )
        send_mail(shown.text, body, None, [notice.person.email])
