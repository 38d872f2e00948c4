"""Everybody who knocks: what each is in the first team, what each holds, and which of its marks each may ever see."""

from dataclasses import dataclass

from apps.accounts.scopes import BILLING_READ, GENERATIONS_READ, GENERATIONS_WRITE

ALL_SCOPES = frozenset({GENERATIONS_READ, GENERATIONS_WRITE, BILLING_READ})


class Mark:
    """Texts that stand in rows of the first team and of a deleted one, and nowhere else: to see one is to be told."""

    NAME = "zqname"  # the workspace, its people, its keys, who is invited
    TEXT = "zqtext"  # what was asked and answered
    LEDGER = "zqledger"  # why credits came
    MONEY = "zqmoney"  # invoices and receipts
    AUDIT = "zqaudit"  # who did what
    LETTER = "zqletter"  # what somebody wrote to support
    SECRET = "zqsecret"  # hashes, links of mails, session keys, tokens: for nobody's eyes, ever


MARKS = frozenset(value for name, value in vars(Mark).items() if name.isupper())


@dataclass(frozen=True)
class Asker:
    """One kind of caller. `role` is in the first team, `staff` the role among staff ("" for none), `scopes` a key's."""

    name: str
    role: str = ""
    staff: str | None = None
    scopes: frozenset[str] | None = None
    is_known: bool = True
    sees: frozenset[str] = frozenset()
    # Whose ids they ask with.
    asks_about: str = "team"

    @property
    def is_key(self) -> bool:
        """Whether a program asks, with a key in a header, and not a browser."""
        return self.scopes is not None

    def __str__(self) -> str:
        return self.name


def _asker(name: str, *sees: str, **facts: object) -> Asker:
    return Asker(name, sees=frozenset(sees), **facts)  # type: ignore[arg-type]


# Of what was noted with an act a team is told nothing but whom and what it names now.
_ALL_OF_TEAM = MARKS - {Mark.SECRET, Mark.LETTER, Mark.AUDIT}
# The admin shows how a run went, never what was asked and answered.
_ALL_OF_STAFF = MARKS - {Mark.SECRET, Mark.TEXT}
ANONYMOUS = _asker("anonymous", is_known=False)
OWNER = _asker("owner", *_ALL_OF_TEAM, role="owner")
SUPERUSER = _asker("superuser", *_ALL_OF_STAFF, staff="superuser")
STRANGER = _asker("owner of another workspace")
TEAM = [
    OWNER,
    _asker("admin", *_ALL_OF_TEAM, role="admin"),
    _asker("member", Mark.NAME, Mark.TEXT, Mark.LEDGER, role="member"),
    _asker("billing", Mark.NAME, Mark.LEDGER, Mark.MONEY, role="billing"),
]
STRANGERS = [
    STRANGER,
    _asker("ex-member"),
    # They see what it was called: it can be restored.
    _asker("owner of a deleted team", Mark.NAME, asks_about="deleted"),
]
STAFF = [
    _asker("staff without a role", staff=""),
    _asker("support", Mark.NAME, Mark.LETTER, staff="support"),
    _asker("finance", *_ALL_OF_STAFF - {Mark.LETTER}, staff="finance"),
    _asker("operator", Mark.NAME, Mark.AUDIT, staff="operator"),
    SUPERUSER,
]
# Whose session or key is one no more.
NOBODY = [ANONYMOUS, _asker("suspended", is_known=False)]
KEY = _asker("key", Mark.TEXT, role="owner", scopes=ALL_SCOPES)
# At a page a key is nobody: one of them asks everywhere, the others at the API alone.
OTHER_KEYS = [
    _asker("key to read", Mark.TEXT, role="owner", scopes=frozenset({GENERATIONS_READ})),
    _asker("key to write", Mark.TEXT, role="owner", scopes=frozenset({GENERATIONS_WRITE})),
    _asker("key to the balance", role="owner", scopes=frozenset({BILLING_READ})),
    _asker("key of another workspace", scopes=ALL_SCOPES),
    _asker("key of an ex-member", scopes=ALL_SCOPES, is_known=False),
    _asker("key of a suspended person", scopes=ALL_SCOPES, is_known=False),
    _asker("key of a deleted team", scopes=ALL_SCOPES, is_known=False, asks_about="deleted"),
    _asker("revoked key", scopes=ALL_SCOPES, is_known=False),
    _asker("expired key", scopes=ALL_SCOPES, is_known=False),
]
EVERYWHERE = [*NOBODY, *TEAM, *STRANGERS, *STAFF, KEY]
AT_THE_API = [*EVERYWHERE, *OTHER_KEYS]
BY_NAME = {asker.name: asker for asker in AT_THE_API}
