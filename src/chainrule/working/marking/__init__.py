"""Marking: what is right in somebody's hand calculation, what follows from what, and which slip explains the rest."""
