"""What an action says when it will not do what was asked."""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """This can't be done now.

    The base of every refusal that a person meets. A subclass gives its `sentence`, whose places
    `params` fill in, and the HTTP `status` of a page that can do no better than show it.
    """

    status: ClassVar[int] = 409
    sentence: ClassVar[str | Promise] = _("This can't be done now.")

    def __init__(self, **params: Any) -> None:
        super().__init__(params)
        self.params = params

    @property
    def message(self) -> str:
        """The sentence in the reader's language."""
        return str(self.sentence) % self.params if self.params else str(self.sentence)

    def __str__(self) -> str:
        return self.message
