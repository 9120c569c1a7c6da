"""What can be wrong with a ledger, each with the sentence that names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "hash": _("Entry %(seq)s of %(subject)s was changed: its content doesn't match its hash."),
    "unreadable": _("Entry %(seq)s of %(subject)s was changed: its content can't be read."),
    "column": _(
        "Entry %(seq)s of %(subject)s was changed: its content has another value for “%(column)s” "
        "than its row."
    ),
    "gap": _("Entry %(seq)s of %(subject)s is missing."),
    "link": _(
        "Entry %(seq)s of %(subject)s doesn't follow the entry before it: one of the two was "
        "changed."
    ),
    "head": _(
        "Entry %(seq)s of %(subject)s, the last one, was changed: %(subject)s remembers another."
    ),
    "tail": _("Entry %(seq)s of %(subject)s is missing: %(subject)s counts %(length)s entries."),
    "beyond": _("Entry %(seq)s of %(subject)s was added: %(subject)s counts %(length)s entries."),
    "root": _("%(subject)s was deleted: the ledger still has its entries."),
    "root_added": _("%(subject)s was added: no entry of the ledger knows it."),
    "opening_deleted": _("A text of entry %(seq)s of %(subject)s was deleted."),
    "opening_changed": _("A text of entry %(seq)s of %(subject)s was changed."),
    "leaf_missing": _("The log has no entry at index %(index)s."),
    "leaf_foreign": _("The log's index %(index)s leads to no entry of this organisation."),
    "log_size": _("The log counts %(size)s entries but holds %(found)s."),
    "tile_changed": _("Tile %(level)s/%(index)s of the log's tree was changed."),
    "tile_missing": _("Tile %(level)s/%(index)s of the log's tree is missing."),
    "tile_added": _("Tile %(level)s/%(index)s of the log's tree was added: no entries fill it."),
    "checkpoint_changed": _(
        "The checkpoint over %(size)s entries was changed: its row says something else than its "
        "text."
    ),
    "checkpoint_unsigned": _(
        "The checkpoint over %(size)s entries is not signed by the log's key."
    ),
    "checkpoint_root": _(
        "The first %(size)s entries of the log are not those that were signed: one of them was "
        "changed, and all that follows from it made anew."
    ),
    "checkpoint_beyond": _(
        "The log holds %(found)s entries, but a checkpoint over %(size)s was signed: the others "
        "were removed."
    ),
    "checkpoint_left": _(
        "The log does not go on from its last checkpoint, over %(size)s entries, which is kept in "
        "a file beside the key."
    ),
    "origin_changed": _(
        "The name or the key of the log %(name)s was changed: the ledger says otherwise."
    ),
    "cosignature": _(
        "The cosignature of %(witness)s under the checkpoint over %(size)s entries does not hold."
    ),
    "row_changed": _(
        "%(table)s %(row)s was changed: “%(column)s” is %(found)s, but entry %(seq)s of "
        "%(subject)s says %(told)s."
    ),
    "row_deleted": _("%(table)s %(row)s was deleted: entry %(seq)s of %(subject)s recorded it."),
    "row_added": _("%(table)s %(row)s was added: no entry of the ledger knows it."),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `params` is plain JSON, so that it can be kept and read later."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(SENTENCES[self.code]) % {**self.params, **self._names()}

    def _names(self) -> dict[str, str]:
        if label := self.params.get("table"):
            return {"table": str(apps.get_model(label)._meta.verbose_name).capitalize()}
        return {}

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, **self.params}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Finding":
        return cls(kept["code"], {key: value for key, value in kept.items() if key != "code"})
