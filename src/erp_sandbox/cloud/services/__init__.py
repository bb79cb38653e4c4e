"""The services that the stand-in offers, each in its own module."""
