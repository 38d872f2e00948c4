"""The addresses of the pages."""

from html import escape
from typing import Any
from urllib.parse import parse_qsl

from dev.stripe_server.api import Reply, Request
from dev.stripe_server.control import Control
from dev.stripe_server.deliveries import Deliveries
from dev.stripe_server.errors import StripeError
from dev.stripe_server.pages import checkout_page, home_page, invoice_page, portal_page
from dev.stripe_server.pages.html import page
from dev.stripe_server.resources import checkout, portal
from dev.stripe_server.world import World

# How the fields of the home page's forms are read.
READERS: dict[str, Any] = {"days": float, "times": int, "is_paid": "true".__eq__, "events": str.split}


class Pages:
    """Answers browsers."""

    def __init__(self, *, world: World, deliveries: Deliveries, control: Control) -> None:
        self._world = world
        self._deliveries = deliveries
        self._control = control

    async def answer(self, request: Request) -> Reply:
        """Return a page, whatever the address is."""
        sent = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        is_form = request.method == "POST"
        parts = request.path.strip("/").split("/")
        try:
            match parts:
                case [""]:
                    return home_page.show(self._world, deliveries=self._deliveries)
                case ["do", name] if is_form:
                    return await self._do(name, sent=sent)
            return self._answer_person(parts, sent=sent, is_form=is_form)
        except StripeError as refusal:
            return _not_found(str(refusal))

    def _answer_person(self, parts: list[str], *, sent: dict[str, str], is_form: bool) -> Reply:
        world = self._world
        match parts:
            case ["c", "pay", session_id]:
                session = world.get(checkout.KIND, session_id)
                if is_form:
                    return checkout_page.submit(world, session=session, sent=sent)
                return checkout_page.show(world, session=session)
            case ["p", "session", session_id]:
                session = world.get(portal.SESSION_KIND, session_id)
                if is_form:
                    return portal_page.submit(world, session=session, sent=sent)
                return portal_page.show(world, session=session)
            case ["invoices", invoice_id]:
                invoice = world.get("invoice", invoice_id)
                if is_form:
                    return invoice_page.submit(world, invoice=invoice, sent=sent)
                return invoice_page.show(world, invoice=invoice)
            case ["invoices", invoice_id, "pdf"]:
                return invoice_page.show(world, invoice=world.get("invoice", invoice_id), is_plain=True)
            case ["receipts", charge_id]:
                return invoice_page.show_receipt(world, charge=world.get("charge", charge_id))
        return _not_found("There is no page at this address.")

    async def _do(self, name: str, *, sent: dict[str, str]) -> Reply:
        """Tell the control API what a button of the home page says."""
        values = {key: READERS.get(key, str)(value) for key, value in sent.items()}
        try:
            await self._control.answer(name, sent=values)
        except StripeError as refusal:
            return home_page.show(self._world, deliveries=self._deliveries, error=str(refusal))
        return home_page.show(self._world, deliveries=self._deliveries, done="Done.")


def _not_found(text: str) -> Reply:
    body = f'<div class="card"><h1>Not found</h1><p id="closed">{escape(text)}</p></div>'
    return page("Not found", body, status=404, is_narrow=True)
