"""Exercises: question sheets and their keys, one for each seed."""
