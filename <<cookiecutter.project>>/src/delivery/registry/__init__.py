"""Where packages are kept: a folder here, or an OCI registry; nothing above can tell which."""
