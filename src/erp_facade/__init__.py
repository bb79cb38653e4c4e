"""The facade: one contract in front of two ERPs."""
