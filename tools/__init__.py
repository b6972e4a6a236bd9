"""What the template's make targets call."""
