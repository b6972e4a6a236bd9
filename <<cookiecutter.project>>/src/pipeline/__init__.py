"""One module for each stage of dvc.yaml: a pure function from files and settings to files."""
