"""`make demo`, the README's first line, and `make lint` of the template where it stands."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from .conftest import ROOT, run


def test_the_demo_ends_with_a_registered_model(
    changing_template: Path, generated: Callable[..., Path]
) -> None:
    (changing_template / ".venv").symlink_to(ROOT / ".venv")
    generated()  # so that the demo's own install finds every package in uv's cache

    done = run(["make", "demo"], changing_template, {"MAKEFLAGS": "", "MAKELEVEL": ""})

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Wine model is ready." in done.stdout
    assert "/tmp" not in done.stdout.replace(str(changing_template), "")
    assert "Passed" in done.stdout
    assert "registered wine-model version 1" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("The project is in demo/wine-model: open reports/index.html there in a")
    assert f"to compare\n\n{last}\n```\n" in (ROOT / "README.md").read_text()
    assert (changing_template / "demo/wine-model/reports/index.html").exists()
    shutil.rmtree(changing_template / "demo")


def test_the_template_passes_lint_where_it_stands() -> None:
    caches = {"RUFF_NO_CACHE": "true", "MYPY_CACHE_DIR": os.devnull}

    done = run(["make", "lint"], ROOT, {"MAKEFLAGS": "", "MAKELEVEL": ""} | caches)

    assert done.returncode == 0, done.stdout + done.stderr
