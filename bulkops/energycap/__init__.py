"""EnergyCAP over HTTP: which one, whose key, and what an answer proves."""
