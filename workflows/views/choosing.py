"""Putting a draft forward whose signers may have to be chosen."""

from collections.abc import Callable, Mapping

from approvals.forms.choosing import ChoosingForm, blame
from audit.errors import Refused

DONE = 302


def put_forward(
    forms: Mapping[str, ChoosingForm], *, keep: Callable[[], object], send: Callable[[], object]
) -> int:
    """Keep the choice with the draft, so that nothing is lost, then send it; the status that says.

    `forms` by what is approved. Whatever was refused stands in them.
    """
    wrong = [form for form in forms.values() if not form.is_valid()]
    if wrong:
        return 422
    try:
        keep()
        send()
    except Refused as refusal:
        asked = forms.get(str(refusal.params.get("kind")))
        blame(asked or next(iter(forms.values())), refusal)
        return refusal.status
    return DONE


def problems(forms: Mapping[str, ChoosingForm]) -> str:
    """What is wrong besides a choice."""
    return " ".join(str(one) for form in forms.values() for one in form.non_field_errors())
