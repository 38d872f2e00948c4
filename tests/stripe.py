"""The Stripe stand-in as tests use it: a process of its own, its API, and what only a stand-in can be told.

    with StandIn(webhook_url=f"{base_url}/webhooks/stripe/") as stripe:
        session = stripe.client.v1.checkout.sessions.create({...})
        stripe.complete_checkout(session.url)          # or outcome="decline", "three_d_secure", "delayed" ...
        stripe.advance(days=32)                         # renewals, retries, trial ends; waits for the deliveries

`outcome`s are the keys of `dev.stripe_server.resources.completion.OUTCOMES`; cards those of `control.CARDS`.
Objects come back as dictionaries in Stripe's shapes.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import httpx2
import stripe

from dev.services.ports import LOOPBACK, free_port
from dev.stripe_server.__main__ import SECRET_KEY, WEBHOOK_SECRET

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 20
CALL_SECONDS = 60

Object = dict[str, Any]


class StandInRefusedError(AssertionError):
    """The stand-in was told something that it cannot do; the message says what."""


class StandIn:
    """A stand-in on a free port, ended with the `with` block. Without a webhook URL events are only kept."""

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        webhook_secret: str = WEBHOOK_SECRET,
        secret_key: str = SECRET_KEY,
        state: Path | None = None,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.secret_key, self.webhook_secret = secret_key, webhook_secret
        self._more = ["--webhook-url", webhook_url] if webhook_url else []
        self._more += ["--state", str(state)] if state else []
        self._http = httpx2.Client(base_url=self.url, timeout=CALL_SECONDS)
        self.client = self.make_client()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the product's processes need to know to use it."""
        return {
            "STRIPE_API_BASE": self.url,
            "STRIPE_SECRET_KEY": self.secret_key,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
        }

    def make_client(self, **options: Any) -> stripe.StripeClient:
        """Return a client of the API, without retries unless they are asked for."""
        options = {"max_network_retries": 0, **options}
        return stripe.StripeClient(self.secret_key, base_addresses={"api": self.url}, **options)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self._http.close()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "dev.stripe_server", "--port", str(self.port)]
        command += ["--secret-key", self.secret_key, "--webhook-secret", self.webhook_secret, *self._more]
        output = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                output.seek(0)
                raise StandInRefusedError(f"It did not start:\n{output.read().decode()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask the process to end; it writes its state down first."""
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=START_SECONDS)
            self.process = None

    def kill(self) -> None:
        """End the process without warning."""
        assert self.process
        self.process.kill()
        self.process.wait(timeout=START_SECONDS)
        self.process = None

    # What a person does on the pages.

    def complete_checkout(
        self, url: str, *, outcome: str = "success", code: str = "", email: str = "", name: str = ""
    ) -> Object:
        """Do on a checkout page what a person would; `url` is the session's address or id. Returns the session.

        `outcome`: success, three_d_secure, decline, insufficient_funds (the session stays open), delayed (complete but
        unpaid, see `finish_delayed`), renewals_fail, renewals_need_action (paid now, not later).
        """
        return self.tell("complete_checkout", session=url, outcome=outcome, code=code, email=email, name=name)

    def finish_delayed(self, session: str, *, is_paid: bool) -> Object:
        """Let the transfer of a `delayed` checkout, or of a later invoice of it, arrive or fail. Returns that."""
        return self.tell("finish_delayed", session=session, is_paid=is_paid)

    def expire_checkout(self, session: str) -> Object:
        """Let an open session run out."""
        return self.tell("expire_checkout", session=session)

    def change_card(self, customer: str, *, card: str = "good") -> Object:
        """Pay everything of a customer with a card: good, declined, insufficient_funds, needs_action, disputed."""
        return self.tell("change_card", customer=customer, card=card)

    def fail_payments(self, customer: str, *, times: int = -1, how: str = "declined") -> Object:
        """Let the next payments of a customer fail, whatever the card: so many, all (-1), or none any more (0)."""
        return self.tell("fail_payments", customer=customer, times=times, how=how)

    # What Stripe and banks do.

    def advance(self, *, days: float = 0, seconds: float = 0, to: int | None = None, settle_seconds: float = 20) -> int:
        """Let time pass for everybody without a test clock and wait for the deliveries. Returns the new time.

        A renewal's invoice is drafted at the period's end and paid one hour later, as Stripe does it: use `renew`, or
        pass two more hours, or `settings(draft_seconds=0)`.
        """
        answer = self.tell("advance", days=days, seconds=seconds, to=to, settle_seconds=settle_seconds)
        return int(answer["now"])

    def renew(self, subscription: str, *, settle_seconds: float = 20) -> int:
        """Let time pass until the subscription's next invoice was tried. Returns the new time."""
        return int(self.tell("renew", subscription=subscription, settle_seconds=settle_seconds)["now"])

    def refund(self, payment: str, *, amount: int | None = None) -> Object:
        """Refund from the dashboard; `payment` is a charge, payment intent, invoice or checkout session."""
        return self.tell("refund", payment=payment, amount=amount)

    def fail_refund(self, refund: str) -> Object:
        """Let the customer's bank return a refund."""
        return self.tell("fail_refund", refund=refund)

    def dispute(self, payment: str, *, amount: int | None = None, reason: str = "fraudulent") -> Object:
        """Open a dispute; `payment` as for `refund`."""
        return self.tell("dispute", payment=payment, amount=amount, reason=reason)

    def close_dispute(self, dispute: str, *, status: str) -> Object:
        """Decide a dispute: `won` or `lost`."""
        return self.tell("close_dispute", dispute=dispute, status=status)

    # Webhooks.

    def settings(self, **changes: Any) -> Object:
        """Change settings; None brings a default back.

        Deliveries: duplicates, delay_seconds, reorder_seconds, seed, drop_share, drop_types, is_paused, concurrency,
        retry_seconds. Billing: retry_days, draft_seconds, after_last_attempt (canceled, unpaid, past_due),
        portal_cancels_with (cancel_at_period_end, cancel_at).
        """
        return self.tell("settings", **changes)

    def send_webhooks_to(self, url: str | None, *, secret: str | None = None) -> None:
        """Deliver events from now on to this address, or to nobody."""
        self.tell("webhook", url=url, secret=secret)

    def hold_deliveries(self) -> None:
        """Keep events back until `release_deliveries`, or until they are delivered by hand."""
        self.settings(is_paused=True)

    def release_deliveries(self, *, settle_seconds: float = 20) -> bool:
        """Deliver what was held; whether all of it arrived."""
        self.settings(is_paused=None)
        return self.settle(seconds=settle_seconds)

    def deliver(self, events: list[str]) -> list[Object]:
        """Deliver these events now, one after the other, in this order, again too. Returns `status` of each."""
        return list(self.tell("deliver", events=events))

    def drop(self, event_type: str | None = None) -> int:
        """Lose what waits to be delivered, all of it or one type. Returns how many."""
        return int(self.tell("drop", type=event_type)["dropped"])

    def settle(self, *, seconds: float = 20) -> bool:
        """Wait until nothing waits to be delivered; whether that came about."""
        return bool(self.tell("settle", timeout_seconds=seconds)["is_settled"])

    def deliveries(self, event_type: str | None = None, *, status: str | None = None) -> list[Object]:
        """List deliveries, the oldest first: event, type, copy, status, attempts."""
        return list(self.tell("deliveries", type=event_type, status=status))

    def events(self, *types: str) -> list[Object]:
        """List events, the oldest first; of these types if any are given (`invoice.*` works)."""
        params: Any = {"limit": 100, **({"types": list(types)} if types else {})}
        found = [event.to_dict() for event in self.client.v1.events.list(params).auto_paging_iter()]
        return found[::-1]

    # Trouble.

    def outage(self, kind: str, **more: Any) -> None:
        """Trouble the next calls of the API: error, rate_limit, timeout, cut_before, cut_after, slow.

        `calls` (1), `seconds` for timeout and slow (30), `method` and `path` (a beginning) to meet certain calls only.
        """
        self.tell("outage", kind=kind, **more)

    def end_outages(self) -> None:
        """Have no trouble any more."""
        self.tell("end_outages")

    def calls(self, *, method: str | None = None, path: str = "/") -> list[Object]:
        """List what the API has been asked: method, path, status, idempotency_key, is_replay, body."""
        found = self.tell("calls")
        return [each for each in found if method in (None, each["method"]) and each["path"].startswith(path)]

    def state(self) -> Object:
        """Return the time (`now`), the settings, and how many objects there are of each kind."""
        return self.tell("state")

    @property
    def now(self) -> int:
        """The stand-in's second."""
        return int(self.state()["now"])

    def reset(self) -> None:
        """Forget everything."""
        self.tell("reset")

    def remember(self, name: str) -> None:
        """Keep what there is now, less its events, for `recall`."""
        self.tell("remember", name=name)

    def recall(self, name: str) -> bool:
        """Forget everything but what was remembered under a name; whether there was such a thing."""
        return bool(self.tell("recall", name=name)["is_known"])

    def tell(self, name: str, /, **values: Any) -> Any:
        """Call the control API. Raises StandInRefusedError."""
        response = self._http.post(f"/_stand_in/{name}", json=values)
        if response.status_code != 200:
            raise StandInRefusedError(f"{name}: {response.text}")
        return response.json()

    def _answers(self) -> bool:
        try:
            return self._http.get("/_stand_in/state").status_code == 200
        except httpx2.TransportError:
            return False
