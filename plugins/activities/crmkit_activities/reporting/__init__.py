"""What the reports of the plugin count."""
