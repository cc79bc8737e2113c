"""Delegation of authority: who may decide for whom, about what, up to which amount, from when to when."""
