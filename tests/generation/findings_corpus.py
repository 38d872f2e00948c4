"""What must be found, by kind, and what looks like it and is something else.

Secrets are put together here, so that no program that searches repositories for secrets takes them for real ones.
"""

from apps.generation.findings import Kind

_PEM_BODY = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8c" for _ in range(6))
_DASHES = "-" * 5
_JWT = "eyJ" + "hbGciOiJIUzI1NiJ9" + "." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0" + "." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
_LETTERS = "abcDEF0123456789ghiJKL0123456789mnoPQR"

FOUND = {
    Kind.EMAIL: [
        "ada@example.com",
        "ada.lovelace+tide@mail.example.co.uk",
        "o_neil%x@sub-domain.example.museum",
        "1234@example.org",
        "Ada@EXAMPLE.COM",
        "jörg@müller.example.de",
        "x@y.io",
        "first.last@a.b.c.d.example.com",
    ],
    Kind.PHONE: [
        "+49 30 901820",
        "+49 (0)30 901820",
        "+1 415 555 0132",
        "+14155550132",
        "+44 20 7946 0958",
        "+33 6 12 34 56 78",
        "+91-98765-43210",
        "0049 170 1234567",
        "(415) 555-0132",
        "415-555-0132",
        "415.555.0132",
        "1-415-555-0132",
        "415\u00a0555\u00a00132",
        "030 12345678",
        "0171/1234567",
        "(020) 7946 0958",
        "06 12 34 56 78",
        "044 668 18 00",
        "+41 44 668 18 00",
        "+1\u2011415\u2011555\u20110132",
    ],
    Kind.SSN: ["123-45-6789", "001-01-0001", "899-99-9999", "665 12 3456", "123\u201145\u20116789"],
    Kind.CARD: [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4222222222222",
        "5555555555554444",
        "2223 0031 2200 3222",
        "378282246310005",
        "3782 822463 10005",
        "6011 1111 1111 1117",
        "3530111333300000",
        "30569309025904",
        "3056 930902 5904",
        "6200000000000005",
    ],
    Kind.IBAN: [
        "DE89 3704 0044 0532 0130 00",
        "DE89370400440532013000",
        "GB29 NWBK 6016 1331 9268 19",
        "FR14 2004 1010 0505 0001 3M02 606",
        "ES91 2100 0418 4502 0005 1332",
        "NL91 ABNA 0417 1643 00",
        "CH93 0076 2011 6238 5295 7",
        "NO93 8601 1117 947",
    ],
    Kind.API_KEY: [
        "sk-" + _LETTERS,
        "sk-proj-" + _LETTERS + "_" + _LETTERS,
        "sk-ant-api03-" + _LETTERS,
        "sk_" + "live_" + _LETTERS,
        "sk_" + "test_" + _LETTERS,
        "rk_" + "live_" + _LETTERS,
        "whsec_" + _LETTERS,
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ASIA" + "IOSFODNN7EXAMPLE",
        "AIza" + "SyA0123456789abcdefghijklmnopqrstuv",
        "ghp_" + _LETTERS,
        "ghs_" + _LETTERS,
        "github_" + "pat_" + _LETTERS,
        "glpat-" + _LETTERS,
        "xoxb-" + "123456789012-" + _LETTERS,
        "npm_" + _LETTERS,
        "hf_" + _LETTERS,
        "SG." + "abcdefghijklmnopqrstuv" + "." + _LETTERS,
        "keel_0123456789ab_" + "0123456789abcdef" * 4,
    ],
    Kind.ACCESS_TOKEN: [_JWT],
    Kind.PRIVATE_KEY: [
        f"{_DASHES}BEGIN PRIVATE KEY{_DASHES}\n{_PEM_BODY}\nAB==\n{_DASHES}END PRIVATE KEY{_DASHES}",
        f"{_DASHES}BEGIN RSA PRIVATE KEY{_DASHES}\r\n{_PEM_BODY}\r\n{_DASHES}END RSA PRIVATE KEY{_DASHES}",
        f"{_DASHES}BEGIN OPENSSH PRIVATE KEY{_DASHES}\n{_PEM_BODY}",
        f"{_DASHES}BEGIN PRIVATE KEY{_DASHES}\\n"
        + _PEM_BODY.replace("\n", "\\n")
        + f"\\n{_DASHES}END PRIVATE KEY{_DASHES}",
        f"{_DASHES}BEGIN PGP PRIVATE KEY BLOCK{_DASHES}\nVersion: X 1\n\n{_PEM_BODY}\n=AbCd\n"
        f"{_DASHES}END PGP PRIVATE KEY BLOCK{_DASHES}",
    ],
    Kind.PASSWORD: [
        "postgres://app:hunter2@db.example/app",
        "https://ada:s3cret@example.com/",
        "redis://x:pw@10.0.0.7",
    ],
}

FALSE_FRIENDS = [
    "Follow @tides on the site, or @tides@",
    "root@localhost and user@host are no addresses of people",
    "logo@2x.png, icon@3x.webp",
    "git@github.com:tides/app.git",
    "npm install @tides/core@1.2.3",
    "a @ b . com",
    "Order 4155550132, invoice 2026-000123, customer 0012345678",
    "On 2026-11-22, 22.11.2026, 01/02/2026, 01-02-2026 10:30 and 01 02 2026 11",
    "Version 1.2.3, 10.15.7 and 2026.11.22.1",
    "192.168.10.254, 10.0.0.1:8080, 010.020.030.040 and 2001:db8::1",
    "From 09:30 to 17:00, UTC+0100, +01:00",
    "Revenue rose by +12 000 000 and +1 000 000 credits",
    "ISBN 0-306-40615-2 and ISBN 978-3-16-148410-0",
    "000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567, 123-45-0000",
    "4321-54-98760 and A-321-54-9876",
    "4111111111111112 and 4111 1111 1111 1112 fail their checksum",
    "1234567890123456 and 9999 9999 9999 9995 have no issuer",
    "00000000000000000000 and 1.0000000000000000",
    "ES91 2100 1418 4502 1005 1333 and ZZ91 2100 1418 4502 1005 1332",
    "sk-loading-spinner-large-and-blue, sk-2-columns-and-a-sidebar-on-the-left",
    "sk-..., ghp_xxx, AKIA, pk_" + "live_" + _LETTERS,
    "postgres://app:<password>@db/app and postgres://db/app and http://localhost:8000/@tides",
    f"{_DASHES}BEGIN PUBLIC KEY{_DASHES}\n{_PEM_BODY}\n{_DASHES}END PUBLIC KEY{_DASHES}",
    "eyJhbGciOiJIUzI1NiJ9 alone is no token, nor is eyJ.eyJ.x",
    "3.14159265358979323846 and 1e-16 and 0.1.2",
    "550e8400-e29b-41d4-a716-446655440000",
    "d41d8cd98f00b204e9800998ecf8427e",
    "112-1234567-1234567 and 1Z999AA10123456784",
    "SKU 030-020-010; size 10-20-30",
    "| 2024 | 2025 | 2026 |\n|-----:|-----:|-----:|\n| 12 | 300 | 4,500 |",
]
# In the middle of a sentence, alone, in quotes, in Markdown, at the end of a line.
PLACES = ["{}", "Please use {} for this.", "({})", '"{}"', "**{}**", "- {}\n- next", "a: {}, b", "`{}`", "{}\n\nThen"]
