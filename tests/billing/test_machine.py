"""Any sequence of acts: the ledger and its plain reference agree after every one, and the proof holds."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from apps.billing import ledger, selectors
from apps.billing.models import LedgerEntry
from apps.billing.prove import prove
from apps.core.errors import DomainError
from tests.billing import steps
from tests.billing.reference import Hold, ReferenceLedger, RefusalError

AMOUNTS = st.integers(1, 40)
HOURS = st.integers(1, 4)


class LedgerMachine(RuleBasedStateMachine):
    """One workspace. Each example runs in a savepoint of its own and leaves nothing."""

    holds = Bundle("holds")
    acts = Bundle("acts")

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.workspace_id = steps.new_workspace_id()
        self.reference = ReferenceLedger()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @rule(target=acts, amount=AMOUNTS, hours=st.none() | HOURS)
    def grant(self, amount: int, hours: int | None) -> Any:
        return self._agree(
            lambda: self.reference.grant("grant", amount, hours),
            lambda key, more: steps.give(self.workspace_id, amount + more, hours=hours, key=key),
            repeatable=hours is None,
        )

    @rule(target=holds, amount=st.integers(0, 40), hours=HOURS)
    def place_hold(self, amount: int, hours: int) -> Any:
        ttl = hours * steps.HOUR
        answer = self._agree(
            lambda: self.reference.place_hold(amount, hours),
            lambda key, more: steps.hold(self.workspace_id, amount + more, key=key, ttl=ttl),
        )
        return (self.reference.holds[-1], *answer) if answer else (Hold(0, 0, 0, status="none"), None, None)

    @rule(target=acts, placed=holds, amount=AMOUNTS)
    def capture(self, placed: Any, amount: int) -> Any:
        if placed[1] is None:
            return None
        amount = min(amount, placed[0].amount + 1)
        return self._agree(
            lambda: self.reference.capture(placed[0], amount),
            lambda key, more: steps.capture(placed[1], amount + more, key=key),
        )

    @rule(placed=consumes(holds))
    def release(self, placed: Any) -> None:
        if placed[1] is not None:
            self._agree(lambda: self.reference.release(placed[0]), lambda key, more: steps.release(placed[1], key=key))

    @rule(target=acts, amount=st.integers(-60, 20).filter(bool), allow_debt=st.booleans())
    def adjust(self, amount: int, allow_debt: bool) -> Any:
        return self._agree(
            lambda: self.reference.adjust(amount, allow_debt),
            lambda key, more: steps.adjust(self.workspace_id, amount - 100 * more, key=key, allow_debt=allow_debt),
        )

    @rule(number=st.integers(0, 30))
    def reverse(self, number: int) -> None:
        if number < len(self.reference.movements):
            entry = LedgerEntry.objects.get(account_id=self.workspace_id, position=number + 1)
            self._agree(
                lambda: self.reference.reverse(self.reference.movements[number]),
                lambda key, more: steps.reverse(entry.pk, key=key),
            )

    @rule(act=acts)
    def repeat(self, act: Any) -> None:
        if act is not None:
            answer, again = act
            assert again(0) == answer
            with pytest.raises(ledger.IdempotencyConflictError):
                again(1)

    @rule(placed=holds)
    def repeat_a_hold(self, placed: Any) -> None:
        _, answer, again = placed
        if answer is not None:
            # The test's clock moves the expiry of an open hold, so the rest of the answer tells.
            assert (again(0).id, again(0).amount_credits, again(0).repeated) == (answer.id, answer.amount_credits, True)
            with pytest.raises(ledger.IdempotencyConflictError):
                again(1)

    @rule(hours=HOURS)
    def let_time_pass(self, hours: int) -> None:
        self.reference.now += hours
        steps.let_time_pass(hours * steps.HOUR)

    @rule()
    def expire_holds(self) -> None:
        self.reference.expire_holds()
        ledger.expire_holds(limit=100)

    @rule()
    def expire_grants(self) -> None:
        self.reference.expire_grants()
        ledger.expire_grants(limit=100)

    @invariant()
    def both_agree_and_the_proof_holds(self) -> None:
        reference = self.reference
        expected = (reference.balance, reference.held, reference.available, reference.debt)
        assert selectors.get_balance(self.workspace_id) == expected
        assert steps.remaining(self.workspace_id) == [grant.remaining for grant in reference.spendable()]
        assert steps.kinds(self.workspace_id) == [(each.kind, each.amount) for each in reference.movements]
        assert prove(self.workspace_id) == []

    def _agree(self, expected: Callable[[], None], act: Callable[[str, int], Any], *, repeatable: bool = True) -> Any:
        """Do both; return the answer and how to repeat the act, or None where both refused."""
        key, refusal = steps.new_key(), ""
        try:
            expected()
        except RefusalError as error:
            refusal = str(error)
        if refusal:
            with pytest.raises(DomainError) as real:
                act(key, 0)
            assert type(real.value).__name__ == refusal
            return None
        answer = act(key, 0)
        return (answer, lambda more: act(key, more)) if repeatable else None


@pytest.mark.usefixtures("ledger_db", "db")
def test_the_ledger_behaves_like_its_reference() -> None:
    _run(examples=60, steps_each=25)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("ledger_db", "db")
def test_the_ledger_behaves_like_its_reference_for_long() -> None:
    _run(examples=2000, steps_each=60)


def _run(*, examples: int, steps_each: int) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps_each,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
