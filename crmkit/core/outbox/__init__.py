"""The outbox: events handed to handlers once they are committed, and jobs, both done by workers under leases."""
