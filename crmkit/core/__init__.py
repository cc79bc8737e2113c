"""The core of crmkit: records, lifecycle, and nothing else."""
