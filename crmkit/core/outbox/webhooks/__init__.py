"""Webhooks: events sent to other systems, signed, in order for each record, and to no address inside the house."""
