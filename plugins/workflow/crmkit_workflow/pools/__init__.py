"""The public pool (公海): records that nobody owns, who may take them, and when those that are owned come back."""
