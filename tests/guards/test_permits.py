"""No path to a provider goes around the switches: a call takes a permit, and one function alone makes them."""

import ast
import inspect

import pytest

from apps.generation.gateway import moderation_call, providers
from tests.guards.source import dotted, modules

PRODUCT = modules("apps", "config")
GATEWAY = "apps/generation/gateway/"
DECIDER = "apps/generation/switches.py"
# What opens a connection to a provider, and the modules that may not be had without the two doors that take a permit.
DOORS = [providers.stream, moderation_call.flags]
BEHIND = {"openai_provider", "anthropic_provider", "http", "interruptible"}


def makers(trees: dict[str, ast.Module]) -> list[str]:
    """Who makes a permit, or passes on something that says so."""
    return [
        path
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "Permit"
    ]


def intruders(trees: dict[str, ast.Module]) -> list[str]:
    """Who, outside of the gateway, imports what is behind its doors."""
    return [path for path, tree in trees.items() if not path.startswith(GATEWAY) and _imported(tree) & BEHIND]


def _imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("apps.generation.gateway"):
            found |= {alias.name for alias in node.names} | set(str(node.module).split("."))
        elif isinstance(node, ast.Import):
            found |= {
                part for alias in node.names if "generation.gateway" in alias.name for part in alias.name.split(".")
            }
        elif isinstance(node, ast.Constant) and str(node.value).startswith("apps.generation.gateway."):
            found |= set(str(node.value).split("."))
    return found


def test_one_module_makes_permits_in_one_place():
    assert makers(PRODUCT) == [DECIDER]


def test_the_one_function_that_makes_a_permit_has_read_the_switches_before():
    [made] = [
        function
        for function in ast.walk(PRODUCT[DECIDER])
        if isinstance(function, ast.FunctionDef) and "Permit" in {dotted(n.func) for n in _calls(function)}
    ]
    order = [dotted(call.func) for call in sorted(_calls(made), key=lambda call: call.lineno)]

    assert made.name == "permit"
    assert order.index("_read_stops") < order.index("Permit")


def _calls(function: ast.FunctionDef) -> list[ast.Call]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__module__.split(".")[-1])
def test_a_call_of_a_provider_needs_a_permit_and_uses_it_up(door):
    permit = inspect.signature(door).parameters["permit"]

    assert permit.default is inspect.Parameter.empty
    assert "permit.use(" in inspect.getsource(door).partition('"""')[2].partition('"""')[2].strip().split("\n")[0]


def test_nobody_outside_of_the_gateway_reaches_behind_its_doors():
    assert intruders(PRODUCT) == []


@pytest.mark.parametrize(
    "bypass",
    [
        "from apps.generation.gateway import openai_provider\nopenai_provider.stream(e, r, guard=g)",
        "from apps.generation.gateway.anthropic_provider import stream",
        "import apps.generation.gateway.http",
        "import_module('apps.generation.gateway.openai_provider')",
    ],
)
def test_a_way_around_would_be_found(bypass):
    assert intruders({"apps/generation/shortcut.py": ast.parse(bypass)}) == ["apps/generation/shortcut.py"]


def test_a_permit_of_somebody_elses_making_would_be_found():
    assert makers({"apps/generation/shortcut.py": ast.parse("types.Permit('openai')")})
