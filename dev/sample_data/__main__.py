"""`python -m dev.sample_data [EMAIL]`: beside a running bin/dev, give a customer (the demo one) a month of usage."""

import argparse
import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up first

from dev.sample_data.cast import make_cast  # noqa: E402
from dev.sample_data.people import PASSWORD  # noqa: E402


def main() -> None:
    """Make the customers and print the ids of the generations to look at."""
    parser = argparse.ArgumentParser(prog="python -m dev.sample_data", description=__doc__)
    parser.add_argument("email", nargs="?", default="demo@keel.local", help="who gets the month")
    email = parser.parse_args().email
    if settings.ENVIRONMENT != "development":
        raise SystemExit("Sample data is for a laptop only.")
    ids = make_cast(full=email)
    print(f"The other customers' password: {PASSWORD}")
    print(json.dumps({name: str(pk) for name, pk in ids.items()}))


if __name__ == "__main__":
    main()
