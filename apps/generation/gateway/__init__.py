"""The only code that speaks to providers. Decoder, deadlines and retry policy do no I/O; a provider's module does."""
