"""Anti-corruption layers for legacy ERPs."""
