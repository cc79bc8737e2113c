"""From the Model to tables, column types and dialects."""
