"""What params.yaml may say: strict, so that a typo stops with the key's name.

One module a concern, so that a stage builds what it reads and no more.
"""
