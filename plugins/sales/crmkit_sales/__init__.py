"""The standard sales pipeline for crmkit."""
