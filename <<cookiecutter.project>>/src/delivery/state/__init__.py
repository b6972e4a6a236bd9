"""Desired state in git: what runs where, the record of each change, and the commits that say so."""
