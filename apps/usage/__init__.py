"""The meter: rates, usage records, rollups."""
