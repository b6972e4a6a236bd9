"""From a package to an environment: keys, signatures, registries."""
