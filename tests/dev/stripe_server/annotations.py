"""Objects against the annotations of the installed library: every key known, every value of a type that it allows."""

import types
from decimal import Decimal
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

from stripe import ListObject, StripeObject
from stripe._object_classes import get_object_class
from stripe._stripe_object import UntypedStripeObject

SIMPLE = {int: int, bool: bool, str: str, float: (int, float), Decimal: (str, Decimal)}


def differences(value: Any, *, hint: Any, path: str) -> list[str]:
    """Return where a value is not what the annotation says, or nothing."""
    if hint is Any:
        return []
    if get_origin(hint) in (Union, types.UnionType):
        return _of_union(value, hints=get_args(hint), path=path)
    if get_origin(hint) is Literal:
        return [] if value in get_args(hint) else [f"{path}: {value!r} is not one of {get_args(hint)[:6]}"]
    if get_origin(hint) is list:
        return _of_list(value, hint=get_args(hint)[0], path=path)
    if isinstance(hint, (str, ForwardRef)) or get_origin(hint) is ListObject:
        return of_object(value, path=path)
    if get_origin(hint) in (dict, UntypedStripeObject) or hint is UntypedStripeObject:
        return [] if isinstance(value, dict) else [f"{path}: {value!r} is no dictionary"]
    if isinstance(hint, type) and issubclass(hint, StripeObject):
        return _of_class(value, cls=hint, path=path)
    is_right = (hint is type(None) and value is None) or (hint in SIMPLE and _is_simple(value, hint=hint))
    return [] if is_right else [f"{path}: {value!r} is no {hint}"]


def of_object(value: Any, *, path: str) -> list[str]:
    """Return the differences of an object that says itself what it is."""
    if not isinstance(value, dict) or "object" not in value:
        return [f"{path}: {value!r} is no object"]
    if value["object"] == "list":
        extra = value.keys() - {"object", "data", "has_more", "url"}
        unknown = [f"{path}: a list has no {sorted(extra)}"] if extra else []
        return unknown + [each for n, one in enumerate(value["data"]) for each in of_object(one, path=f"{path}[{n}]")]
    return _of_class(value, cls=get_object_class("V1", value["object"]), path=path)


def _of_class(value: Any, *, cls: type[StripeObject], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no {cls.__qualname__}"]
    hints = {name: hint for name, hint in cls.__annotations__.items() if name != "OBJECT_NAME"}
    required = {name for name, hint in hints.items() if type(None) not in get_args(hint)}
    found = [f"{path}.{name}: unknown to {cls.__qualname__}" for name in value.keys() - hints.keys()]
    found += [f"{path}.{name}: missing" for name in required - value.keys()]
    known = value.keys() & hints.keys()
    return found + [each for k in known for each in differences(value[k], hint=hints[k], path=f"{path}.{k}")]


def _of_union(value: Any, *, hints: tuple[Any, ...], path: str) -> list[str]:
    # "Literal[...] | str" leaves room for later versions of the API; we speak this one.
    literals = [hint for hint in hints if get_origin(hint) is Literal]
    strict = [hint for hint in hints if not (literals and hint is str)]
    found = [differences(value, hint=hint, path=path) for hint in strict]
    return [] if [] in found else min(found, key=len)


def _of_list(value: Any, *, hint: Any, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: {value!r} is no list"]
    return [each for n, item in enumerate(value) for each in differences(item, hint=hint, path=f"{path}[{n}]")]


def _is_simple(value: Any, *, hint: type) -> bool:
    return isinstance(value, SIMPLE[hint]) and not (hint is int and isinstance(value, bool))  # type: ignore[arg-type]
