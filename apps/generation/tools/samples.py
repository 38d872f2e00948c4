"""Two tools to copy: the day, and sums that a model would only guess."""

import ast
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, DecimalException, localcontext
from typing import Any

from apps.generation.tools.registry import tool

EXPRESSION_CHARACTERS_MAX = 200
# Far beyond any bill or date, and nothing that takes long to work out.
EXPONENT_MAX = 20
DIGITS = 28
_SUMS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


@tool()
def today() -> str:
    """Return today's date (UTC) and the day of the week."""
    return f"{datetime.now(UTC):%Y-%m-%d, %A}"


@tool()
def calculate(expression: str) -> str:
    """Work out a sum such as (12.5 + 3) * 4 / 2. Numbers, + - * / and brackets; ** with small whole numbers."""
    if len(expression) > EXPRESSION_CHARACTERS_MAX:
        raise ValueError("this expression is too long")
    with localcontext() as context:
        context.prec = DIGITS
        try:
            value = _value(ast.parse(expression.strip(), mode="eval").body)
        except (SyntaxError, RecursionError, DecimalException) as error:
            raise ValueError("this cannot be worked out") from error
        return f"{value.normalize():f}" if value.is_finite() else str(value)


def _value(node: ast.expr) -> Decimal:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Decimal(str(number))
        case ast.UnaryOp(op=sign, operand=inner) if type(sign) in _SIGNS:
            return Decimal(_SIGNS[type(sign)](_value(inner)))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SUMS:
            return Decimal(_SUMS[type(sign)](_value(left), _value(right)))
    raise ValueError("only numbers, + - * / ** and brackets are understood")


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if exponent != int(exponent) or not 0 <= exponent <= EXPONENT_MAX:
        raise ValueError(f"an exponent is a whole number up to {EXPONENT_MAX}")
    return base ** int(exponent)
