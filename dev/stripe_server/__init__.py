"""A stand-in for Stripe on laptops and in CI: a process of its own that speaks Stripe's HTTP API. No money moves.

Start it with `python -m dev.stripe_server --port 8091`. `routes.py` lists every call that it answers, `control.py` what
only a stand-in can be told: time, outages, failing cards, disputes, and how webhooks are delivered.
"""
