"""Exact arithmetic for models, which are bad at it: a small grammar of our own, no eval."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Context, Decimal, DecimalException, localcontext
from typing import Any, ClassVar

from pydantic import Field, JsonValue

from agents.toolbox.tool import ToolArguments, ToolContext, ToolFailed, ToolKind

MAX_LENGTH = 500
MAX_DEPTH = 40
MAX_POWER = 1_000
DIGITS = 34  # IEEE 754 decimal128
CONTEXT = Context(prec=DIGITS, Emax=6_144, Emin=-6_143)

CONSTANTS = {
    "pi": Decimal("3.141592653589793238462643383279503"),
    "e": Decimal("2.718281828459045235360287471352662"),
}


class Unsupported(ValueError):
    """An expression outside the grammar; the text is for the model."""


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if abs(exponent) > MAX_POWER:
        raise Unsupported(f"Exponents are limited to {MAX_POWER}.")
    return base**exponent


def _round(value: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    if digits != digits.to_integral_value() or not 0 <= digits <= DIGITS - 4:
        raise Unsupported(f"round takes between 0 and {DIGITS - 4} digits.")
    return round(value, int(digits))


OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: _power,
}
FUNCTIONS: dict[str, Callable[..., Decimal]] = {
    "abs": abs,
    "max": max,
    "min": min,
    "round": _round,
    "sqrt": lambda value: value.sqrt(),
    "sum": lambda *values: sum(values, Decimal(0)),
}


def calculate(expression: str) -> Decimal:
    """The value of `expression`. Raises Unsupported with a sentence when there is none."""
    if len(expression) > MAX_LENGTH:
        raise Unsupported(f"The expression is longer than {MAX_LENGTH} characters.")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise Unsupported("This is not an arithmetic expression.") from None
    with localcontext(CONTEXT):
        try:
            value = _value(tree.body, expression.strip(), MAX_DEPTH)
        except DecimalException as error:
            raise Unsupported(f"The expression has no value: {_reason(error)}.") from None
        except TypeError:
            raise Unsupported("A function was given the wrong number of arguments.") from None
    return value


def _value(node: ast.expr, source: str, depth: int) -> Decimal:
    if depth == 0:
        raise Unsupported("The expression is nested too deeply.")
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return Decimal((ast.get_source_segment(source, node) or "").replace("_", ""))
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, source, depth - 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, source, depth - 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, source, depth - 1), _value(right, source, depth - 1))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(item, source, depth - 1) for item in arguments))
    raise Unsupported(
        f"{(ast.get_source_segment(source, node) or 'This')[:60]} is not supported. Use numbers, "
        f"+ - * / // % **, parentheses, and {', '.join(FUNCTIONS)}."
    )


def _reason(error: DecimalException) -> str:
    signals = error.args[0] if error.args and isinstance(error.args[0], list) else [type(error)]
    return {
        "DivisionByZero": "it divides by zero",
        "DivisionUndefined": "it divides by zero",
        "Overflow": "the result is too large",
    }.get(signals[0].__name__, "the operation is not defined for these numbers")


def plain(value: Decimal) -> str:
    """Without an exponent where that is readable, and without trailing zeros."""
    if value == value.to_integral_value() and abs(value) < Decimal(10) ** DIGITS:
        return f"{value.to_integral_value():f}"
    text = value.normalize(CONTEXT)
    return f"{text:f}" if abs(text.adjusted()) < DIGITS else str(text)


class CalculatorArguments(ToolArguments):
    expression: str = Field(
        min_length=1,
        max_length=MAX_LENGTH,
        description="Arithmetic such as (1200 - 75.5) * 0.19 or round(17 / 3, 2).",
    )


class Calculator(ToolKind):
    name: ClassVar[str] = "calculator"
    title: ClassVar[str] = "Calculator"
    summary: ClassVar[str] = "Calculates an arithmetic expression exactly."
    icon: ClassVar[str] = "calculator"
    Arguments: ClassVar[type[ToolArguments]] = CalculatorArguments

    async def perform(self, arguments: dict[str, Any], config: Any, context: ToolContext) -> JsonValue:
        return self.rehearse(arguments, config)

    def rehearse(self, arguments: dict[str, Any], config: Any) -> JsonValue:
        """Arithmetic touches nothing, so a rehearsal calculates too."""
        try:
            return {"result": plain(calculate(arguments["expression"]))}
        except Unsupported as error:
            raise ToolFailed(str(error)) from error


TOOL = Calculator()
