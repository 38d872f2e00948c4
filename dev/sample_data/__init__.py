"""Believable data for a laptop: customers with a month behind them, for pictures and for the tests of the pages."""
