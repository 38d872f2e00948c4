"""What this product relies on about Stripe, as tests that hold against the stand-in and against Stripe's test mode."""
