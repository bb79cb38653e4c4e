"""Anti-corruption layers for cloud ERPs."""
