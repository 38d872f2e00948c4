"""Reads the Procfile, so that a laptop runs the very process lines that production runs."""

import re
from pathlib import Path

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")


class ProcfileError(ValueError):
    """A line of the Procfile is not `name: command`."""


def read_procfile(path: Path) -> dict[str, str]:
    """Return the shell line of each process by name, in the file's order. Raises ProcfileError."""
    lines: dict[str, str] = {}
    for number, text in enumerate(path.read_text().splitlines(), start=1):
        if not text.strip() or text.startswith("#"):
            continue
        match = _LINE.match(text)
        if match is None:
            raise ProcfileError(f"{path}, line {number}: expected `name: command`, found {text!r}")
        lines[match[1]] = match[2].strip()
    return lines
