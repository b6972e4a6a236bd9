"""Of what DVC says, a run shows what tells of the stages."""

from project.repro import telling, unexplained

SAID = """\
Running stage 'fetch':
> bin/python -m pipeline.fetch
178 rows, 14 columns
Generating lock file 'dvc.lock'
Updating lock file 'dvc.lock'

Stage 'train' didn't change, skipping
To track the changes with git, run:

\tgit add dvc.lock

To enable auto staging, run:

\tdvc config core.autostage true
Use `dvc push` to send your updates to remote storage.
Data and pipelines are up to date.
"""
FAILED = "ERROR: failed to reproduce 'fetch': failed to run: bin/python, exited with 1\n"


def test_dvcs_advice_is_left_out() -> None:
    assert list(telling(SAID.splitlines(keepends=True))) == [
        "Running stage 'fetch':\n",
        "> bin/python -m pipeline.fetch\n",
        "178 rows, 14 columns\n",
        "Stage 'train' didn't change, skipping\n",
        "Data and pipelines are up to date.\n",
    ]


def test_a_failure_is_told_once() -> None:
    failed: list[str] = []
    told = ["error: a.csv: empty\n"]

    assert list(unexplained([*told, FAILED], [], failed)) == told
    assert failed == ["fetch"]
    assert list(unexplained([FAILED], [], [])) == [FAILED]


def test_a_refusal_is_kept_for_the_end() -> None:
    refusals: list[str] = []

    assert list(telling(["refused: r2 is 0, must be at least 0.2\n"])) == []

    assert list(unexplained(["error: refused: r2 is 0\n", FAILED], refusals, [])) == []
    assert refusals == ["refused: r2 is 0\n"]
