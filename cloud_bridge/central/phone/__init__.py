"""The buyer's page at the centre, for counters that phones cannot reach: sign in, unlock, basket, receipt."""
