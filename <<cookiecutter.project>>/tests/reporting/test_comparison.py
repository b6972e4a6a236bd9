"""Two runs side by side, as a reader of a pull request sees them."""

from typing import Any

from reporting.comparison import Run, change, markdown


def metric(value: float | None, direction: str = "higher", **more: Any) -> dict[str, Any]:
    spread = {} if value is None else {"low": value - 0.02, "high": value + 0.02}
    found = {"value": value, "low": None, "high": None, "direction": direction, "threshold": None}
    return found | spread | more


def run(name: str, curves: str = "", **metrics: dict[str, Any]) -> Run:
    evaluation = {"verdict": "passed", "reasons": [], "dataset": "wine", "rows": 45}
    return Run(name, evaluation | {"metrics": metrics}, curves)


def test_a_better_model_and_a_worse_one_are_told_apart() -> None:
    ours = run("here", accuracy=metric(0.97, threshold=0.9), log_loss=metric(0.5, "lower"))
    base = run("main", accuracy=metric(0.90), log_loss=metric(0.2, "lower"))

    text = markdown(ours, base)

    assert "| Metric | main | here | Change | Must be |" in text
    row = "| Accuracy | 0.9 | 0.97 (0.95 – 0.99) | +0.07, better | at least 0.9 |"
    assert row in text
    assert "+0.3, worse" in text
    assert "bar [0.9700, 0.5000]\n    line [0.9000, 0.2000]" in text


def test_what_the_intervals_cover_is_said() -> None:
    assert change(metric(0.91), metric(0.90)) == "+0.01, better, within the intervals"
    assert change(metric(0.90), metric(0.90)) == "same"
    assert change(metric(0.90), None) == "–"
    assert change(metric(None), metric(0.9)) == "–"


def test_a_base_without_a_run_is_named_and_stops_nothing() -> None:
    text = markdown(run("here", accuracy=metric(0.9)), "the run of main failed: no such file")

    assert "Not compared: the run of main failed: no such file." in text
    assert "| Metric | here | Must be |" in text
    assert "line" not in text


def test_a_refusal_says_why() -> None:
    ours = run("here", accuracy=metric(0.5))
    ours.evaluation.update(verdict="refused", reasons=["accuracy is 0.5, must be at least 0.9"])

    assert "✕ Refused · wine, 45 rows to test: accuracy is 0.5, must be" in markdown(ours, "x")


def test_other_data_is_said() -> None:
    base = run("main", accuracy=metric(0.9))
    base.evaluation["dataset"] = "iris"

    assert "main runs on iris: other rows." in markdown(run("here", accuracy=metric(0.9)), base)


def test_curves_are_drawn_of_both_runs() -> None:
    curves = "step,train,validation\n" + "".join(f"{n},{1 / n},{2 / n}\n" for n in range(1, 101))
    text = markdown(run("here", curves, r2=metric(0.9)), run("main", curves, r2=metric(0.9)))

    assert text.count('"Loss by step, ') == 2
    line = next(line for line in text.splitlines() if "line [1.0000" in line)
    assert line.count(",") == 33  # of 100 steps every third
