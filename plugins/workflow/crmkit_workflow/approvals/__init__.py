"""Approvals: flows as data, requests that lock their records, and decisions step by step."""
