"""Audit: the change log sealed into a chain, and everything in the database checked against everything else."""
