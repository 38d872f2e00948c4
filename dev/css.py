"""`bin/css`: compile dev/styles/app.css to the committed static/css/app.css, with requirements/dev.txt's Tailwind."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "dev" / "styles" / "app.css"
COMPILED = ROOT / "static" / "css" / "app.css"


def main(arguments: list[str]) -> int:
    """Compile once, on every change, or only compare; return the exit code."""
    parser = argparse.ArgumentParser(prog="bin/css", description=__doc__)
    parser.add_argument("--watch", action="store_true", help="compile again whenever a template changes")
    parser.add_argument("--check", action="store_true", help="fail if the committed file is not what would be compiled")
    options = parser.parse_args(arguments)
    if options.check:
        return _check()
    return _compile(to=COMPILED, options=["--watch"] if options.watch else [])


def _check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "app.css"
        code = _compile(to=fresh, options=[])
        if code or fresh.read_bytes() == COMPILED.read_bytes():
            return code
    print("static/css/app.css is out of date: run bin/css and commit the result.", file=sys.stderr)
    return 1


def _compile(*, to: Path, options: list[str]) -> int:
    tailwind = Path(sys.executable).with_name("tailwindcss")
    command = [str(tailwind), "--input", str(SOURCE), "--output", str(to), "--minify", *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
