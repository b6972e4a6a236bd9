"""The model card that travels with the model: what it is, how good, on what, and how to ask it."""

import json
from typing import Any

from pipeline.subject import Subject

TYPES = {
    "number": "float32, NaN where missing",
    "boolean": "float32: 1, 0, NaN where missing",
    "category": 'string, "" where missing',
}
CARD = """\
# {title}

Model `{name}`, version `{version}`. Owner: {owner}. Licence: {licence}.

It answers **{target}** of the data set **{dataset}** ({task}), and was judged on {rows:,} rows that
it had not seen: **{verdict}**.

| metric | value | {confidence:.0%} interval | must be |
| --- | ---: | ---: | --- |
{metrics}

## Inputs

One tensor per column, of shape (rows, 1).

| column | type |
| --- | --- |
{inputs}

## Outputs

{outputs}

An example: the first of the golden rows, which every copy of this model answers alike.

```json
{example}
```

## Where it comes from

| | |
| --- | --- |
| model | `{model}` |
| dataset | `{data}` |
| parameters | `{parameters}` |
"""


def model_card(subject: Subject) -> str:
    """Write the card in Markdown; the same model gives the same text."""
    contract, evaluation, golden = subject.contract, subject.evaluation, json.loads(subject.golden)
    example = {"input": golden["inputs"][0], "output": golden["outputs"][0]}
    metrics = [_metric(name, row) for name, row in evaluation["metrics"].items()]
    inputs = [f"| {name} | {TYPES[kind]} |" for name, kind in contract["columns"].items()]
    return CARD.format(
        title=subject.project.title,
        name=subject.project.name,
        version=subject.version,
        owner=subject.project.owner,
        licence=subject.project.licence,
        target=contract["target"],
        dataset=contract["dataset"],
        task=contract["task"],
        rows=evaluation["rows"],
        verdict=evaluation["verdict"],
        confidence=evaluation["confidence"],
        metrics="\n".join(metrics),
        inputs="\n".join(inputs),
        outputs=_outputs(contract["classes"]),
        example=json.dumps(example, indent=2, ensure_ascii=False),
        model=subject.model_digest,
        data=subject.dataset_digest,
        parameters=subject.parameters_digest,
    )


def _metric(name: str, row: dict[str, Any]) -> str:
    bound = {"higher": "at least", "lower": "at most"}[row["direction"]]
    threshold = "" if row["threshold"] is None else f"{bound} {row['threshold']:g}"
    interval = "" if row["low"] is None else f"{row['low']:.4g} to {row['high']:.4g}"
    return f"| {name.replace('_', ' ')} | {row['value']:.4g} | {interval} | {threshold} |"


def _outputs(classes: list[str] | None) -> str:
    if not classes:
        return "`prediction`, float32, of shape (rows, 1)."
    names = ", ".join(f"`{name}`" for name in classes)
    return (
        "`label`, string, of shape (rows,), and `probabilities`, float32, of shape "
        f"(rows, {len(classes)}), of {names} in this order."
    )
