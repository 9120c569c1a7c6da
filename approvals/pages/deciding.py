"""What is said once a decision is recorded."""

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import subjects
from approvals.actions import Decided


def decided(done: Decided, decision: str) -> str:
    """What was decided on what, and what it led to, for the page that comes next."""
    about = subjects.get(done.subject_kind).describe([done.subject_id])[done.subject_id]
    what = {
        "approve": _("You approved “{subject}”."),
        "return": _("You returned “{subject}”."),
        "abstain": _("You abstained on “{subject}”."),
    }[decision]
    follows = {
        "passed": _("Signed and recorded. The stage has passed."),
        "returned": _("Signed and recorded. It goes back."),
    }.get(done.result, _("Signed and recorded. The others are still asked."))
    link = format_html('<a href="{}">{}</a>', about.url, about.title)
    joined = pgettext("two sentences", "{first} {second}")
    return format_html(joined, first=format_html(what, subject=link), second=follows)
