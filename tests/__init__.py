"""Generate a project, then use it as its users do."""
