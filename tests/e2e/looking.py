"""What the tests of the pages ask a browser: axe, what sticks out, what is cut off, what nobody translated."""

import gzip
from pathlib import Path
from typing import Any

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = ("serious", "critical")
SCRIPT = (Path(__file__).parent / "looking.js").read_text(encoding="utf-8")


def axe_findings(tab: Any, *, rules: list[str] | None = None) -> list[str]:
    """Return what axe calls serious or critical, one line each. The driver's own injection passes any CSP."""
    tab.evaluate(f"() => {{ if (!window.axe) {{ {AXE} }} }}")
    # Without its preload, which puts imported style sheets back inline and so asks the CSP for what no page asks.
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    result = tab.evaluate("options => axe.run(document, options)", options)
    return [
        f"{found['id']}: {node['html'][:160]} ({' '.join(map(str, node['target']))})"
        for found in result["violations"]
        if found["impact"] in SERIOUS
        for node in found["nodes"]
    ]


def ask(tab: Any, question: str, argument: Any = None) -> Any:
    """Call a function of looking.js in the page."""
    return tab.evaluate(f"argument => {{ {SCRIPT}; return {question}(argument); }}", argument)


class Scales:
    """Weighs what a tab loads, from now on."""

    def __init__(self, tab: Any) -> None:
        self._addresses: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._wire = tab.context.new_cdp_session(tab)
        self._wire.send("Network.enable")
        self._wire.on("Network.responseReceived", self._name)
        self._wire.on("Network.loadingFinished", self._weigh)

    def weigh(self, page: Any) -> dict[str, int]:
        """Return the bytes on the wire by address; a page itself is compressed by the proxy before us."""
        weights = {
            self._addresses[request]: size for request, size in self._sizes.items() if request in self._addresses
        }
        return weights | {page.url: len(gzip.compress(page.body(), 6))}

    def _name(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["response"]["url"]

    def _weigh(self, event: dict[str, Any]) -> None:
        self._sizes[event["requestId"]] = round(event["encodedDataLength"])
