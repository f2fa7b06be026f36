"""What the counter does for itself between sessions: learns weights, checks planograms, watches nights."""
