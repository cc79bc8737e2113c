"""Tenants: many CRMs of one Model, each in a database of its own."""
