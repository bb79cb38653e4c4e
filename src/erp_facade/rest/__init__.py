"""The JSON surface: the contract's HTTP mapping, read from its descriptors at start."""
