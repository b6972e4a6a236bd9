"""MLflow: a view of what the files hold, and outside the DAG because it touches the world."""
