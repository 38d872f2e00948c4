"""One call of the API, as the functions in `resources/` get it."""

from dataclasses import dataclass, field
from typing import Any

from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World


@dataclass
class Call:
    """The parameters are checked already; `ids` are those in the address."""

    world: World
    params: dict[str, Any] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    url: str = ""

    @property
    def id(self) -> str:
        """The first id of the address."""
        return self.ids[0]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a parameter; one that was sent empty, to unset it, is None."""
        value = self.params.get(name, default)
        return None if value == "" else value

    def chosen(self, *names: str) -> dict[str, Any]:
        """Return those of these parameters that were sent; empty ones are None."""
        return {name: self.get(name) for name in names if name in self.params}

    def metadata(self, found: Object | None = None) -> dict[str, str]:
        """Return the metadata after this call: sent keys are set, empty ones removed."""
        before = dict(found["metadata"] or {}) if found else {}
        sent = self.params.get("metadata", {})
        return merge_metadata(before, sent=sent)


def merge_metadata(before: dict[str, str], *, sent: Any) -> dict[str, str]:
    """Return metadata with what was sent; an empty value removes its key, an empty string all of them."""
    if sent == "":
        return {}
    return {name: value for name, value in {**before, **(sent or {})}.items() if value != ""}
