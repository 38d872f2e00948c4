"""Which matches are no false friends: checksums, issuers, numbers that cannot be given out, dates and addresses.

Each takes a match and returns how many of its characters are the finding; 0 for none.
"""

import re

# Where the address of a picture looks like an address of a person: logo@2x.png
FILE_ENDINGS = {"png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "css", "js"}
DIGITS_OF_ISSUERS = [
    (re.compile(r"4"), {13, 16, 19}),
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), {16}),
    (re.compile(r"3[47]"), {15}),
    (re.compile(r"30[0-5]|3[689]"), {14}),
    (re.compile(r"6011|64[4-9]|65"), {16, 19}),
    (re.compile(r"35(?:2[89]|[3-8])"), {16, 19}),
    (re.compile(r"62"), {16, 19}),
]
IBAN_LENGTHS = {
    **{"AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18},
    **{"EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22},
    **{"IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18},
    **{"NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27},
    **{"TR": 26, "UA": 29},
}
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_DATE = re.compile(r"0[1-9]([ ./-])[0-9]{2}\1(?:19|20)[0-9]{2}(?![0-9])")
_DIGITS = re.compile(r"[0-9]+")
# The sum of the digits of twice the digit.
_DOUBLED = str.maketrans("0123456789", "0246813579")


def key_length(text: str) -> int:
    """A key is random: words joined by hyphens are none."""
    if not text.startswith("sk-"):
        return len(text)
    runs = _RUN.findall(text)
    return len(text) if any(not run.isalpha() and not run.isdigit() for run in runs) else 0


def address_length(text: str) -> int:
    """Of an address with a password, all up to the host; a placeholder such as <password> is none."""
    password = text.rpartition(":")[2][:-1]
    return 0 if password[0] in "<{$[*" else len(text)


def email_length(text: str) -> int:
    """An address of a person or a shop, not of a picture at twice its size, nor of a repository."""
    local, _at, domain = text.partition("@")
    if local == "git" or (re.match(r"\dx\.", domain) and domain.rpartition(".")[2].lower() in FILE_ENDINGS):
        return 0
    return len(text)


def card_length(text: str) -> int:
    """A number of a known issuer with its checksum; three digits behind it may be the code on its back."""
    for length in (len(text), len(text) - 4):
        digits = _only_digits(text[:length])
        lengths = next((lengths for issuer, lengths in DIGITS_OF_ISSUERS if issuer.match(digits)), set())
        if len(digits) in lengths and (length == len(text) or not text[length].isdigit()) and _passes_luhn(digits):
            return length
    return 0


def ssn_length(text: str) -> int:
    """A number that the Social Security Administration gives out."""
    area, group, serial = _DIGITS.findall(text)
    return 0 if area in {"000", "666"} or area >= "900" or group == "00" or serial == "0000" else len(text)


def iban_length(text: str) -> int:
    """As many characters as the country has, with their checksum; what stands behind them is another word."""
    wanted, seen = IBAN_LENGTHS.get(text[:2], 0), 0
    for length, character in enumerate(text, start=1):
        seen += character.isalnum()
        if seen == wanted:
            ends_here = not text[length : length + 1].isalnum()
            return length if ends_here and _passes_mod_97(text[:length]) else 0
    return 0


def phone_length(text: str) -> int:
    """A number of the right size that is no date, no address of a computer and no round amount."""
    groups, digits = _DIGITS.findall(text), _only_digits(text)
    if text.startswith("+"):
        is_phone = 8 <= len(digits) <= 15 and not (len(groups) > 1 and all(one.endswith("00") for one in groups[1:]))
    elif text.startswith("00"):
        is_phone = 10 <= len(digits) <= 17 and len(groups) > 1
    elif digits[0] == "0":
        is_phone = 9 <= len(digits) <= 12 and not _is_other_than_phone(text, groups)
    else:
        is_phone = True
    return len(text) if is_phone else 0


def _is_other_than_phone(text: str, groups: list[str]) -> bool:
    is_address = len(groups) == 4 and "." in text and all(int(one) <= 255 for one in groups)
    return bool(_DATE.match(text)) or is_address or [len(one) for one in groups] == [3, 3, 3]


def _only_digits(text: str) -> str:
    return "".join(_DIGITS.findall(text))


def _passes_luhn(digits: str) -> bool:
    kept, doubled = digits[::-1][::2], digits[::-1][1::2].translate(_DOUBLED)
    return sum(map(int, kept + doubled)) % 10 == 0


def _passes_mod_97(text: str) -> bool:
    characters = "".join(character for character in text if character.isalnum())
    turned = characters[4:] + characters[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
