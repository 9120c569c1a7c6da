"""JSON held against a schema, with the place of everything that doesn't fit. Pure.

It knows the part of JSON Schema that `route.schema.json` uses; anything else in a schema is an
error of the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
WORDLESS = {"$schema", "$id", "$defs", "title", "description"}
KNOWN = WORDLESS | {
    "$ref", "additionalProperties", "enum", "items", "maxItems", "maxLength", "maximum",
    "minItems", "minLength", "minimum", "properties", "required", "type",
}  # fmt: skip


@dataclass(frozen=True)
class Misfit:
    """`place` like `stages[2].rule`; `code` and `value` say what was expected there."""

    place: str
    code: str
    value: str = ""


def misfits(value: Any, schema: Mapping[str, Any]) -> Iterator[Misfit]:
    """Everything in `value` that doesn't fit the schema, in the order of the document."""
    yield from _check(value, schema, schema, "")


def _check(
    value: Any, rule: Mapping[str, Any], root: Mapping[str, Any], place: str
) -> Iterator[Misfit]:
    if reference := rule.get("$ref"):
        yield from _check(value, root["$defs"][reference.rpartition("/")[2]], root, place)
        return
    if unknown := set(rule) - KNOWN:
        raise ValueError(f"this schema asks for more than is known here: {unknown}")
    kinds = rule.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield Misfit(place, "type", " / ".join(kinds))
    elif "enum" in rule and value not in rule["enum"]:
        yield Misfit(place, "enum", ", ".join(rule["enum"]))
    elif isinstance(value, dict):
        yield from _object(value, rule, root, place)
    elif isinstance(value, list):
        yield from _size(len(value), rule, "Items", place)
        for number, one in enumerate(value):
            yield from _check(one, rule.get("items", {}), root, f"{place}[{number}]")
    elif isinstance(value, str):
        yield from _size(len(value), rule, "Length", place)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from _size(value, rule, "imum", place)


def _object(
    value: Mapping[str, Any], rule: Mapping[str, Any], root: Mapping[str, Any], place: str
) -> Iterator[Misfit]:
    known = rule.get("properties", {})
    for name in rule.get("required", ()):
        if name not in value:
            yield Misfit(_inside(place, name), "required")
    for name, one in value.items():
        if name in known:
            yield from _check(one, known[name], root, _inside(place, name))
        elif rule.get("additionalProperties") is False:
            yield Misfit(_inside(place, name[:60]), "unknown")


def _size(size: int, rule: Mapping[str, Any], what: str, place: str) -> Iterator[Misfit]:
    if size < rule.get(f"min{what}", size):
        yield Misfit(place, f"min{what}", str(rule[f"min{what}"]))
    if size > rule.get(f"max{what}", size):
        yield Misfit(place, f"max{what}", str(rule[f"max{what}"]))


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
