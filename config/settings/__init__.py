"""Settings: base is the tour, dev, test and prod say only what differs."""
