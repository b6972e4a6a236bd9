"""What must hold before a package enters an environment: a class for each gate."""
