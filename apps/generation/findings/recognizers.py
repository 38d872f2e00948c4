"""The table of what is recognized: a pattern, the beginnings of it that more text could complete, and a judge.

Every pattern is bounded and takes time linear in what it matches. None begins behind a letter or digit, none looks
further back than that one character. `begun` matches every beginning of `pattern`, up to the end of the text and with
the character that a look-ahead needs; it may match more, which only holds text back for longer.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from apps.accounts.api_keys import BRAND
from apps.generation.findings import judges


class Category(TextChoices):
    """What a template's policies are about."""

    PERSONAL_DATA = "personal_data", _("Personal data")
    SECRETS = "secrets", _("Secrets")


class Kind(TextChoices):
    """What can be found."""

    EMAIL = "email", _("e-mail address")
    PHONE = "phone", _("phone number")
    SSN = "ssn", _("social security number")
    CARD = "card", _("card number")
    IBAN = "iban", _("bank account number")
    API_KEY = "api_key", _("API key")
    PRIVATE_KEY = "private_key", _("private key")
    ACCESS_TOKEN = "access_token", _("access token")
    PASSWORD = "password", _("password")

    @property
    def category(self) -> Category:
        """What the policies of a template call it."""
        return Category.SECRETS if self in _SECRETS else Category.PERSONAL_DATA


class Recognizer(NamedTuple):
    """`judge` returns how many characters of a match are the finding; 0 if it is a false friend."""

    kind: Kind
    pattern: str
    begun: str
    judge: Callable[[str], int] = len


_SECRETS = {Kind.API_KEY, Kind.PRIVATE_KEY, Kind.ACCESS_TOKEN, Kind.PASSWORD}

SPACE = r" \u00a0\u2009\u202f"
HYPHEN = r"\-\u2010-\u2013"
# Beginnings of keys, and what follows; a key ends where its alphabet does.
KEYS = {
    "sk-": r"[A-Za-z0-9_-]{20,300}",
    "sk_live_": r"[A-Za-z0-9]{16,300}",
    "sk_test_": r"[A-Za-z0-9]{16,300}",
    "rk_live_": r"[A-Za-z0-9]{16,300}",
    "rk_test_": r"[A-Za-z0-9]{16,300}",
    "whsec_": r"[A-Za-z0-9+/=]{16,300}",
    "AKIA": r"[A-Z0-9]{16}(?![A-Za-z0-9])",
    "ASIA": r"[A-Z0-9]{16}(?![A-Za-z0-9])",
    "AIza": r"[A-Za-z0-9_-]{35}(?![A-Za-z0-9])",
    **dict.fromkeys(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], r"[A-Za-z0-9]{36,300}"),
    "github_pat_": r"[A-Za-z0-9_]{22,300}",
    "glpat-": r"[A-Za-z0-9_-]{20,300}",
    **dict.fromkeys(["xoxa-", "xoxb-", "xoxe-", "xoxp-", "xoxr-", "xoxs-"], r"[A-Za-z0-9-]{10,300}"),
    "npm_": r"[A-Za-z0-9]{36,300}",
    "hf_": r"[A-Za-z0-9]{30,300}",
    "SG.": r"[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}",
    f"{BRAND}_": r"[0-9a-f]{12}_[0-9a-f]{32,128}",
}
_KEY = "|".join(f"{re.escape(start)}{rest}" for start, rest in KEYS.items())
_KEY_BEGUN = "|".join(sorted({re.escape(start[:size]) for start in KEYS for size in range(1, len(start))}))
_KEY_STARTED = "|".join(map(re.escape, KEYS))

_BREAK = r"(?:\s|\\[nr]){1,4}+"
_PEM_HEAD = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_PEM_LINE = r"(?:[A-Za-z0-9+/=]{20,128}+|(?:Proc-Type|DEK-Info|Version|Comment):[^\n]{0,100}+)"
_PEM_FOOT = r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"

_SEPARATOR = rf"[{SPACE}{HYPHEN}./]"
_PHONE = "|".join(
    [
        # With the code of a country.
        rf"(?<!\+)(?:\+|00)[1-9](?:[{SPACE}{HYPHEN}./()]{{0,2}}[0-9]){{6,14}}(?![0-9])",
        # North America.
        rf"(?<![.$-])(?:1[{SPACE}{HYPHEN}.])?(?:\([2-9][0-9]{{2}}\)[{SPACE}]?|[2-9][0-9]{{2}}[{SPACE}{HYPHEN}.])"
        rf"[2-9][0-9]{{2}}[{SPACE}{HYPHEN}.][0-9]{{4}}(?![\w{HYPHEN}]|\.[0-9])",
        # Countries whose numbers begin with a zero at home.
        rf"(?<![.,-])(?:\(0[1-9][0-9]{{0,3}}\)|0[1-9][0-9]{{0,3}}){_SEPARATOR}{{1,2}}[0-9]{{2,8}}(?:{_SEPARATOR}[0-9]{{2,8}}){{0,4}}"
        r"(?![\w-])",
    ]
)

_ALL = [
    Recognizer(
        Kind.PRIVATE_KEY,
        rf"{_PEM_HEAD}(?:{_BREAK}{_PEM_LINE}){{0,120}}+(?:(?:{_BREAK}[A-Za-z0-9+/=]{{1,128}}+)?(?:{_BREAK})?{_PEM_FOOT})?",
        r"-----BEGIN [A-Z0-9 ]{0,54}+(?:-{0,5}|-----(?:[A-Za-z0-9+/=\s\\]|-(?!----BEGIN)|[:,.]){0,17000}+)\Z"
        r"|-----(?:B(?:E(?:G(?:I(?:N)?)?)?)?)?\Z|-{1,5}\Z",
    ),
    Recognizer(
        Kind.ACCESS_TOKEN,
        r"eyJ[\w-]{8,1500}+\.eyJ[\w-]{8,3000}+\.[\w-]{8,1500}+",
        r"e(?:y(?:J[\w-]{0,1500}+(?:\.[\w-]{0,3003}+(?:\.[\w-]{0,1500}+)?)?)?)?\Z",
    ),
    Recognizer(
        Kind.API_KEY,
        _KEY,
        rf"(?:(?:{_KEY_STARTED})[\w.+/=-]{{0,301}}+|{_KEY_BEGUN})\Z",
        judges.key_length,
    ),
    Recognizer(
        Kind.PASSWORD,
        r"[a-z][a-z0-9+]{1,15}://[^\s/:@?#]{1,64}:[^\s/@]{1,128}@",
        r"[a-z][a-z0-9+]{0,15}+(?::(?:/(?:/[^\s/:@?#]{0,64}+(?::[^\s/@]{0,128}+)?)?)?)?\Z",
        judges.address_length,
    ),
    Recognizer(
        Kind.EMAIL,
        r"(?<![\w.%+-])[\w.%+-]{1,64}+@(?:[^\W_](?:[\w-]{0,62}+)\.){1,6}[^\W\d_]{2,24}(?!\w)",
        r"(?<![\w.%+-])[\w.%+-]{1,64}+(?:@[\w.-]{0,420}+)?\Z",
        judges.email_length,
    ),
    Recognizer(
        Kind.CARD,
        rf"[0-9]{{13,19}}+(?![0-9])|[0-9]{{4}}(?P<card_gap>[{SPACE}{HYPHEN}])(?:[0-9]{{4}}(?P=card_gap)[0-9]{{4}}(?P=card_gap)"
        r"[0-9]{4}(?:(?P=card_gap)[0-9]{3})?|[0-9]{6}(?P=card_gap)[0-9]{4,5})(?![0-9])",
        rf"[+(]?[0-9][0-9{SPACE}{HYPHEN}./()]{{0,48}}+\Z|[+(]{{1,2}}\Z",
        judges.card_length,
    ),
    Recognizer(
        Kind.SSN,
        rf"(?<![-.])[0-9]{{3}}(?P<ssn_gap>[ {HYPHEN}])[0-9]{{2}}(?P=ssn_gap)[0-9]{{4}}(?![\w{HYPHEN}])",
        r"(?!)",  # those of a card
        judges.ssn_length,
    ),
    Recognizer(
        Kind.IBAN,
        rf"[A-Z]{{2}}[0-9]{{2}}(?:[{SPACE}]?[A-Z0-9]{{4}}){{2,7}}(?:[{SPACE}]?[A-Z0-9]{{1,4}})?(?![A-Za-z0-9])",
        rf"[A-Z](?:[A-Z](?:[0-9](?:[0-9][A-Z0-9{SPACE}]{{0,48}}+)?)?)?\Z",
        judges.iban_length,
    ),
    Recognizer(Kind.PHONE, _PHONE, r"(?!)", judges.phone_length),
]
RECOGNIZERS = {recognizer.kind.value: recognizer for recognizer in _ALL}
ANY = re.compile(r"(?<![^\W_])(?:" + "|".join(f"(?P<{one.kind.value}>{one.pattern})" for one in _ALL) + ")")
UNDECIDED = re.compile(r"(?<![^\W_])(?:" + "|".join(one.begun for one in _ALL) + ")")
