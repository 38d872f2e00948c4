"""The sample customers: one with a month behind her, one who came a minute ago, one in the middle of something,
one who pays, one whose payment failed, one who runs a team."""

PASSWORD = "a-sample-password"
FULL, FRESH, BUSY = "mara@keel.local", "noor@keel.local", "lee@keel.local"
PAYING, OWING = "tess@keel.local", "ivo@keel.local"
TEAMED = "ruth@keel.local"
NAMES = {FULL: "Mara Lindqvist", FRESH: "Noor Haddad", BUSY: "Lee Okafor"}
NAMES |= {PAYING: "Tess Moreau", OWING: "Ivo Marin", TEAMED: "Ruth Adeyemi"}
