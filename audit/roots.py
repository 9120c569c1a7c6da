"""The rows that own chains, and what they remember of them."""

from collections.abc import Iterator
from typing import cast
from uuid import UUID

from django.apps import apps
from django.db.models import QuerySet

from audit.models import Entry, Root


def models() -> list[type[Root]]:
    return [model for model in apps.get_models() if issubclass(model, Root)]


def is_tenant(model: type[Root]) -> bool:
    return all(field.name != "organisation" for field in model._meta.fields)


def belonging_to(organisation: UUID, model: type[Root]) -> "QuerySet[Root]":
    """The organisation's roots of one kind; an organisation belongs to itself."""
    key = "pk" if is_tenant(model) else "organisation"
    return model._base_manager.filter(**{key: organisation})


def heads(organisation: UUID) -> dict[str, tuple[int, bytes]]:
    """Length and head of every chain, by subject, as the roots remember them."""
    return {
        f"{model._meta.model_name}:{pk}": (length, bytes(head))
        for model in models()
        for pk, length, head in belonging_to(organisation, model)
        .values_list("pk", "chain_length", "chain_head")
        .iterator()
    }


def tenant(pk: UUID) -> Root:
    """The organisation's own row, locked."""
    [model] = [model for model in models() if is_tenant(model)]
    return model.locked(pk)


def of_subject(subject: str) -> Root:
    """The row that a subject names, locked."""
    kind, _colon, key = subject.partition(":")
    [model] = [model for model in models() if model._meta.model_name == kind]
    return model.locked(UUID(key))


def relocked(root: Root) -> Root:
    """The row once more, locked; `root` may be the lazy object that a request has."""
    model = cast("type[Root]", root._meta.model)
    return model.locked(root.pk)


def organisations() -> Iterator[UUID]:
    """Every organisation that has a row or an entry: a deleted one still has its ledger."""
    found = set(Entry.objects.values_list("organisation", flat=True).distinct())
    for model in models():
        if is_tenant(model):
            found.update(model._base_manager.values_list("pk", flat=True))
    yield from sorted(found)
