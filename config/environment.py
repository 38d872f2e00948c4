"""Which settings module an ENVIRONMENT means."""

import os

SETTINGS_BY_ENVIRONMENT = {"development": "dev", "staging": "prod", "production": "prod"}


def settings_module() -> str:
    """Return the dotted settings module for ENVIRONMENT (default: development).

    Raises SystemExit with the variable's name when its value is unknown.
    """
    environment = os.environ.get("ENVIRONMENT", "development")
    if environment not in SETTINGS_BY_ENVIRONMENT:
        raise SystemExit(f"ENVIRONMENT must be one of {', '.join(SETTINGS_BY_ENVIRONMENT)}, not {environment!r}")
    return f"config.settings.{SETTINGS_BY_ENVIRONMENT[environment]}"
