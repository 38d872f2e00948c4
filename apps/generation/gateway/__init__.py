"""The only code that speaks to model providers. Decoder, deadlines and retry policy do no I/O; openai_provider does."""
