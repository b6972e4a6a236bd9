"""Strict validation of manifests, offline, by the schemas shared beside this repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

VALIDATOR = ROOT.parent / "shared" / "tools" / "validate_manifests.py"

needs_schemas = pytest.mark.skipif(
    not VALIDATOR.exists(), reason=f"{VALIDATOR} is not here, nor the schemas beside it"
)


def validate(*paths: Path) -> int:
    """Assert that every document is valid and of a known kind; return how many there are."""
    done = subprocess.run(
        [sys.executable, str(VALIDATOR), *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.split()[-7])
