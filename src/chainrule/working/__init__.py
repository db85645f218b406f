"""The working: numbers turned into explanation."""
