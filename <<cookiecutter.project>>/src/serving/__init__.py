"""The service: a Bento around the exported graph, and its request contract."""
