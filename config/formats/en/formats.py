"""Django's English formats, but a moment names its zone: people read times in their own, colleagues in another."""

DATETIME_FORMAT = "N j, Y, P T"
