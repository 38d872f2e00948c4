"""The ledger in plain Python: slow, obvious, one account, whole hours. The real one must behave like it."""

from dataclasses import dataclass, field


class RefusalError(Exception):
    """The act is not allowed; its text is the name of the real error."""


@dataclass
class Grant:
    amount: int
    remaining: int
    expires: int | None
    expired: int = 0


@dataclass
class Hold:
    amount: int
    placed: int
    expires: int
    status: str = "open"


@dataclass
class Movement:
    kind: str
    amount: int
    grant: Grant | None = None
    reversed: bool = False


@dataclass
class ReferenceLedger:
    now: int = 0
    debt: int = 0
    grants: list[Grant] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return sum(grant.remaining for grant in self.grants)

    @property
    def held(self) -> int:
        return sum(hold.amount for hold in self.holds if hold.status == "open")

    @property
    def available(self) -> int:
        return self.balance - self.held

    def spendable(self) -> list[Grant]:
        """The grants in the order in which they are spent: sorting keeps the older one first."""
        left = [grant for grant in self.grants if grant.remaining]
        return sorted(left, key=lambda grant: (grant.expires is None, grant.expires or 0))

    def grant(self, kind: str, amount: int, hours: int | None = None) -> None:
        grant = Grant(amount, amount, None if hours is None else self.now + hours)
        self.grants.append(grant)
        self.movements.append(Movement(kind, amount, grant))
        self._pay_debt()

    def place_hold(self, amount: int, hours: int) -> None:
        self.expire_grants()
        if self.debt or amount > self.available:
            raise RefusalError("InsufficientCreditsError")
        self.holds.append(Hold(amount, self.now, self.now + hours))

    def capture(self, hold: Hold, amount: int) -> None:
        if hold.status != "open":
            raise RefusalError("HoldNotOpenError")
        if amount > hold.amount:
            raise RefusalError("CaptureExceedsHoldError")
        hold.status = "captured"
        self._consume(amount)
        self.movements.append(Movement("capture", -amount))
        self._pay_debt()

    def release(self, hold: Hold) -> None:
        if hold.status != "open":
            raise RefusalError("HoldNotOpenError")
        hold.status = "released"
        self._pay_debt()

    def adjust(self, amount: int, allow_debt: bool) -> None:
        self.expire_grants()
        if amount > 0:
            self.grant("adjustment", amount)
            return
        if -amount > self.available and not allow_debt:
            raise RefusalError("InsufficientCreditsError")
        self._take(-amount)
        self.movements.append(Movement("adjustment", amount))

    def reverse(self, movement: Movement) -> None:
        self.expire_grants()
        standing = movement.amount - (movement.grant.expired if movement.grant else 0)
        if movement.reversed or standing == 0 or movement.kind in {"reversal", "expiry"}:
            raise RefusalError("EntryNotReversibleError")
        movement.reversed = True
        if standing < 0:
            self.grant("reversal", -standing)
            return
        self._take(standing, first=movement.grant)
        self.movements.append(Movement("reversal", -standing))

    def expire_holds(self) -> None:
        for hold in self.holds:
            if hold.status == "open" and hold.expires <= self.now:
                hold.status = "expired"
        self._pay_debt()

    def expire_grants(self) -> None:
        kept_before = 0
        for grant in [each for each in self.spendable() if each.expires is not None and each.expires <= self.now]:
            needed = sum(hold.amount for hold in self.holds if hold.status == "open" and hold.placed < grant.expires)
            wanted = min(grant.remaining, max(0, needed - kept_before))
            expired = min(grant.remaining - wanted, self.available)
            kept_before += grant.remaining - expired
            if expired:
                grant.remaining -= expired
                grant.expired += expired
                self.movements.append(Movement("expiry", -expired))

    def _pay_debt(self) -> None:
        paid = min(self.debt, self.available)
        self._consume(paid)
        self.debt -= paid

    def _take(self, amount: int, first: Grant | None = None) -> None:
        taken = min(amount, self.available)
        self.debt += amount - taken
        if first:
            from_first = min(first.remaining, taken)
            first.remaining -= from_first
            taken -= from_first
        self._consume(taken)

    def _consume(self, amount: int) -> None:
        for grant in self.spendable():
            part = min(grant.remaining, amount)
            grant.remaining -= part
            amount -= part
