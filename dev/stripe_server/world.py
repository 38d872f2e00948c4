"""Everything that the stand-in knows: objects, what Stripe keeps about them unseen, events, and what time it is."""

import copy
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stripe

from dev.stripe_server.errors import missing_object
from dev.stripe_server.shapes import API_VERSION, Object, build

ID_BYTES = 12
NO_REQUEST: Object = {"id": None, "idempotency_key": None}


class World:
    """The state as one JSON document. Its parts are plain dictionaries, so that a file can hold it.

    `notes` is what no object shows, by the object's id; `settings` is what the control API has set.
    """

    def __init__(self, *, base_url: str) -> None:
        self.base_url = base_url
        self.request: Object = NO_REQUEST
        self.is_changed = False
        self.on_event: Callable[[Object], None] = lambda event: None
        self.data: dict[str, Any] = {}
        self.clear()

    def clear(self) -> None:
        """Forget everything, the time too."""
        self.data = {"offset_seconds": 0, "objects": {}, "notes": {}, "replies": {}, "deliveries": {}, "settings": {}}
        self._kinds: dict[str, str] = {}
        self.is_changed = True

    @property
    def notes(self) -> dict[str, Object]:
        """What no object shows, by the object's id."""
        return self.data["notes"]  # type: ignore[no-any-return]

    @property
    def settings(self) -> Object:
        """What the control API has set."""
        return self.data["settings"]  # type: ignore[no-any-return]

    def now(self, customer_id: str | None = None) -> int:
        """Return the second it is, for a customer with a test clock the clock's."""
        clock_id = self.clock_id(customer_id)
        if clock_id is not None:
            return int(self.get("test_helpers.test_clock", clock_id)["frozen_time"])
        return int(time.time() + self.data["offset_seconds"])

    def set_now(self, second: int, *, clock_id: str | None = None) -> None:
        """Move the world's clock, or a test clock."""
        if clock_id is None:
            self.data["offset_seconds"] = second - time.time()
        else:
            self.get("test_helpers.test_clock", clock_id)["frozen_time"] = second
        self.is_changed = True

    def clock_id(self, customer_id: str | None) -> str | None:
        """Return the test clock that a customer is attached to, if any."""
        customer = self.find("customer", customer_id) if customer_id else None
        return customer["test_clock"] if customer else None

    def add(self, cls: type[stripe.StripeObject], *, prefix: str = "", **values: Any) -> Object:
        """Make and keep an object; without an `id` among the values it gets one with this prefix."""
        values.setdefault("created", self.now(_id_of(values.get("customer"))))
        if "created" not in cls.__annotations__:
            del values["created"]
        object_id = values.setdefault("id", new_id(prefix))
        if "id" not in cls.__annotations__:
            del values["id"]
        made = build(cls, **values)
        self.data["objects"].setdefault(made["object"], {})[object_id] = made
        self._kinds[object_id] = made["object"]
        self.is_changed = True
        return made

    def find(self, kind: str, object_id: str) -> Object | None:
        """Return an object or None."""
        found: Object | None = self.data["objects"].get(kind, {}).get(object_id)
        return found

    def get(self, kind: str, object_id: str, *, param: str = "id") -> Object:
        """Return an object. Raises StripeError if there is none."""
        found = self.find(kind, object_id)
        if found is None:
            raise missing_object(kind, object_id, param=param)
        return found

    def find_any(self, object_id: str) -> Object | None:
        """Return the object with this id, whatever it is."""
        return self.find(self._kinds.get(object_id, ""), object_id)

    def all(self, kind: str) -> list[Object]:
        """Return every object of a kind, the oldest first."""
        return list(self.data["objects"].get(kind, {}).values())

    def note(self, object_id: str) -> Object:
        """Return what is kept about an object unseen, to read and to write."""
        self.is_changed = True
        return self.notes.setdefault(object_id, {})

    def change(self, found: Object, **changes: Any) -> Object:
        """Change an object and return the previous attributes, as an event tells them."""
        previous = {name: copy.deepcopy(found.get(name)) for name, value in changes.items() if found.get(name) != value}
        found.update(changes)
        self.is_changed = True
        return previous

    def update(self, found: Object, *, event: str, **changes: Any) -> None:
        """Change an object and tell about it, unless nothing changed."""
        if previous := self.change(found, **changes):
            self.emit(event, found, previous=previous)

    def emit(self, name: str, found: Object, *, previous: Object | None = None) -> Object:
        """Write down an event with the object as it is now, and hand it to whoever delivers."""
        data = {"object": _snapshot(found)} | ({} if previous is None else {"previous_attributes": previous})
        event = self.add(
            stripe.Event,
            prefix="evt_",
            type=name,
            data=data,
            api_version=API_VERSION,
            pending_webhooks=0,
            request=dict(self.request),
        )
        self.on_event(event)
        return event

    def remember(self) -> str:
        """Return what there is now, less the events that told of it, for `recall`."""
        lasting = {kind: objects for kind, objects in self.data["objects"].items() if kind != stripe.Event.OBJECT_NAME}
        return json.dumps({**self.data, "objects": lasting, "replies": {}, "deliveries": {}})

    def recall(self, remembered: str) -> None:
        """Take over what `remember` has returned."""
        self.data = json.loads(remembered)
        self._kinds = {object_id: kind for kind, objects in self.data["objects"].items() for object_id in objects}
        self.is_changed = True

    def load(self, path: Path) -> None:
        """Take over what `save` has written."""
        self.recall(path.read_text())

    def save(self, path: Path) -> None:
        """Write everything down; a reader meets the old state or the new one, never a part."""
        self.is_changed = False
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(json.dumps(self.data))
        os.replace(partial, path)


def new_id(prefix: str) -> str:
    """Return an id in Stripe's style."""
    return prefix + secrets.token_hex(ID_BYTES)


def _snapshot(found: Object) -> Object:
    """Return a copy; through JSON, which is three times as fast as `copy.deepcopy`."""
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def _id_of(value: Any) -> str | None:
    return str(value["id"]) if isinstance(value, dict) else value
