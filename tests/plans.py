"""Plans for tests: what is really sold, with other limits."""

from pathlib import Path
from typing import Any

import yaml

from apps.billing.catalogue import CATALOGUE_PATH


def write_plans(path: Path, **limits: dict[str, Any]) -> str:
    """Write the real catalogue with these limits, by plan, in the place of its own; return where (for PLANS_FILE).

    The free plan, which everybody has, limits nothing unless it is named.
    """
    content = yaml.safe_load(CATALOGUE_PATH.read_text(encoding="utf-8"))
    replaced = {"free": {}} | limits
    for plan in content["plans"]:
        plan["limits"] = replaced.get(plan["slug"], plan.get("limits", {}))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)
