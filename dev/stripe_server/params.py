"""Form-encoded parameters: decoded from bracket notation, checked against the installed library's own types.

Names, nesting and required parameters come from `stripe.params`: a name that Stripe does not know is refused here too.
"""

import re
import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from stripe import RequestOptions
from typing_extensions import is_typeddict

from dev.stripe_server.errors import StripeError, missing_param

Tree = dict[str, Any]
KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
# Names that the library's annotations use without importing them.
NAMES = {"StripeContext": str, "Mapping": Mapping}
OPTIONS = frozenset(RequestOptions.__annotations__)


def decode(text: str) -> Tree:
    """Return the nested parameters of a form or query; lists are still dicts of positions. Raises StripeError."""
    tree: Tree = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        found = KEY.fullmatch(key)
        if found is None:
            raise StripeError(f"Invalid parameter name: {key}", param=key)
        _insert(tree, path=[found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])], value=value, key=key)
    return tree


def check(tree: Tree, *, shape: type, path: str = "") -> Tree:
    """Return the parameters with the types that the call declares.

    Raises StripeError for unknown, missing and malformed ones.
    """
    declared = _declared(shape)
    unknown = [_join(path, name) for name in tree if name not in declared]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        message = f"Received unknown parameter{plural}: {', '.join(unknown)}"
        raise StripeError(message, code="parameter_unknown", param=unknown[0])
    for name in sorted(shape.__required_keys__ - OPTIONS):  # type: ignore[attr-defined]
        if name not in tree:
            raise missing_param(_join(path, name))
    return {name: _convert(value, wanted=declared[name], path=_join(path, name)) for name, value in tree.items()}


def _insert(tree: Tree, *, path: list[str], value: str, key: str) -> None:
    *parents, last = path
    for name in parents:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise StripeError(f"Invalid parameter: {key} is both a value and a hash", param=key)
    name = last or str(len(tree))
    if isinstance(tree.get(name), dict):
        raise StripeError(f"Invalid parameter: {key} is both a value and a hash", param=key)
    tree[name] = value


@cache
def _declared(shape: type) -> Tree:
    hints = get_type_hints(shape, localns=NAMES)
    return {name: hint for name, hint in hints.items() if name not in OPTIONS}


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _convert(value: Any, *, wanted: Any, path: str) -> Any:
    options = _options(wanted)
    if isinstance(value, dict):
        return _convert_hash(value, options=options, path=path)
    literals = [literal for option in options if get_origin(option) is Literal for literal in get_args(option)]
    if value in literals:
        return value
    if value == "":
        name = repr(path)
        message = (
            f"You passed an empty string for {name}. We assume empty values are an attempt to unset a parameter; "
            f"however {name} cannot be unset. You should remove {name} from your request or supply a non-empty value."
        )
        raise StripeError(message, code="parameter_invalid_empty", param=path)
    return _convert_scalar(value, options=options, literals=[each for each in literals if each != ""], path=path)


def _options(wanted: Any) -> list[Any]:
    """Return the members of a union, or the type itself."""
    if get_origin(wanted) in (Union, types.UnionType):
        return [option for member in get_args(wanted) for option in _options(member)]
    return [wanted]


def _convert_hash(value: Tree, *, options: list[Any], path: str) -> Any:
    for option in options:
        if is_typeddict(option):
            return check(value, shape=option, path=path)
        if get_origin(option) is list:
            positions = sorted(value.items(), key=lambda item: int(item[0]) if item[0].isdigit() else -1)
            if not all(name.isdigit() for name in value):
                raise StripeError("Invalid array", param=path)
            wanted = get_args(option)[0]
            return [_convert(item, wanted=wanted, path=_join(path, name)) for name, item in positions]
        if get_origin(option) is dict:
            wanted = get_args(option)[1]
            return {name: _convert_entry(item, wanted=wanted, path=_join(path, name)) for name, item in value.items()}
    raise StripeError(f"Invalid value: {path} is not a hash", param=path)


def _convert_entry(value: Any, *, wanted: Any, path: str) -> Any:
    """Convert an entry of a free dictionary; an empty one unsets the key, as metadata does."""
    return "" if value == "" else _convert(value, wanted=wanted, path=path)


def _convert_scalar(value: str, *, options: list[Any], literals: list[Any], path: str) -> Any:
    if bool in options:
        if value not in ("true", "false"):
            raise StripeError(f"Invalid boolean: {value}", code="parameter_invalid_boolean", param=path)
        return value == "true"
    if int in options and re.fullmatch(r"-?\d+", value):
        return int(value)
    if float in options or Decimal in options:
        return _convert_decimal(value, is_float=float in options, path=path)
    if int in options and str not in options:
        raise StripeError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
    if literals:
        # The library's types leave room for later values ("| str"); the pinned version of the API does not.
        *others, last = literals
        raise StripeError(f"Invalid {path}: must be one of {', '.join(others)}, or {last}", param=path)
    if str not in options:
        raise StripeError(f"Invalid {'array' if _is_list(options) else 'object'}", param=path)
    return value


def _convert_decimal(value: str, *, is_float: bool, path: str) -> float | str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise StripeError(f"Invalid decimal: {value}", code="parameter_invalid_decimal", param=path) from None
    return float(number) if is_float else value


def _is_list(options: list[Any]) -> bool:
    return any(get_origin(option) is list for option in options)
