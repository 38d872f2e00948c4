"""What exists only on a laptop and in CI: embedded services, the model server, the supervisor."""
