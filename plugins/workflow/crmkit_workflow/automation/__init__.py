"""Automation: rules as data, which have something done about records when something happens, or at set times."""
