"""Making a new model where a better one may come of it, apart from the user's own work tree."""
