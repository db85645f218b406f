"""Files that are either whole and checked, or refused."""
