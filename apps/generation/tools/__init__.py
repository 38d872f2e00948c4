"""Functions that a model may call: typed, small, and without any way to the product's data.

A tool is a function with `@tool`: its docstring tells the model what it does, its annotations what it takes. An import
contract (pyproject.toml) keeps the database and every other app out of this package, and who runs a tool shuts the
database on top of that (apps/generation/tool_runs.py), so no tool can see or move credits.
"""

from apps.generation.tools.registry import TOOLS, Tool, tool
from apps.generation.tools.samples import calculate, today

__all__ = ["TOOLS", "Tool", "calculate", "today", "tool"]
