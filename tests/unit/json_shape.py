"""A small strict JSON Schema checker: the keywords that our schema uses, and a refusal of every other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SILENT = {"$schema", "$id", "$defs", "title", "description"}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def breaches(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], place: str = "$") -> Iterator[str]:
    """What in `value` the schema does not allow; an unknown keyword is an error of the schema."""
    for keyword, asked in schema.items():
        match keyword:
            case "$ref":
                yield from breaches(value, root["$defs"][asked.removeprefix("#/$defs/")], root, place)
            case "anyOf":
                told = [list(breaches(value, each, root, place)) for each in asked]
                if all(told):
                    yield min(told, key=len)[0]
            case "type":
                if not isinstance(value, _TYPES[asked]) or (asked == "integer" and isinstance(value, bool)):
                    yield f"{place}: {value!r} is no {asked}"
            case "enum":
                if value not in asked:
                    yield f"{place}: {value!r} is not in the list"
            case "pattern":
                if isinstance(value, str) and not re.search(asked, value):
                    yield f"{place}: {value!r} has not the form"
            case "minimum":
                if isinstance(value, int) and value < asked:
                    yield f"{place}: {value!r} is too small"
            case "items":
                if isinstance(value, list):
                    for number, item in enumerate(value):
                        yield from breaches(item, asked, root, f"{place}[{number}]")
            case "properties":
                if isinstance(value, dict):
                    for name in asked.keys() & value.keys():
                        yield from breaches(value[name], asked[name], root, f"{place}.{name}")
            case "required":
                if isinstance(value, dict):
                    yield from (f"{place}.{name} is missing" for name in asked if name not in value)
            case "additionalProperties":
                if isinstance(value, dict):
                    for name in value.keys() - schema.get("properties", {}).keys():
                        if asked is False:
                            yield f"{place}.{name} is not foreseen"
                        else:
                            yield from breaches(value[name], asked, root, f"{place}.{name}")
            case _:
                assert keyword in _SILENT, f"the checker does not know {keyword!r}"
