"""Run one benchmark by name, or list the names."""

import importlib
import pkgutil
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    names = sorted(
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name[0] != "_"
    )
    if not arguments or arguments[0] not in names:
        print("usage: bin/bench NAME\n" + "\n".join(f"  {name}" for name in names))
        return 2 if arguments else 0
    module = importlib.import_module(f"dev.bench.{arguments[0]}")
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
