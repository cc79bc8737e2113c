"""Workflow for crmkit: who does what next, and by when."""
