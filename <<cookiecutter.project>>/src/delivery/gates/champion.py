"""The gate that holds the candidate against the model that is there."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from typing_extensions import override

from delivery import packages
from delivery.environments import Champion as Terms
from delivery.gates.gate import Entry, Figures, Gate, RefusedError
from delivery.package import Package
from delivery.tables import short
from project import module
from project.artefacts import COMPARISON, CONF
from project.files import read_json
from project.oci import file_digest
from project.settings.evaluation import DIRECTIONS

MODEL = Path("bento/src/model.onnx")


class Champion(Gate):
    """The candidate is no worse than the champion, the model that runs in the environment.

    The champion is fetched by its digest, and both are scored by onnxruntime on today's test
    rows; figures of an earlier day are not used. For each metric of `champion.margins` the
    candidate may be worse by the margin at most; in every slice each metric of `champion.slices`
    reaches its floor. A champion that cannot be fetched or fed refuses. Without a champion the
    candidate goes, and the record says so.

    The test rows are those of the candidate's split. After a change of `seed` or `split` the
    champion was trained on many of them, and looks better than it is: keep both settings while
    models are compared, or pass by OVERRIDE=champion, with the change of split as the REASON.
    """

    id, title = "champion", "It is not worse than the champion"
    needs = "the champion from the registry, data/split/test.parquet"

    @override
    def check(self, entry: Entry) -> Figures:
        champion = fetched(entry)
        figures = scored(entry.package, champion)
        figures["champion_digest"] = champion.digest if champion else None
        where = str(CONF / "environment" / f"{entry.environment}.yaml")
        worse = list(shortfalls(figures, entry.settings.champion, where))
        if worse:
            against = f"against {short(champion.digest)}: " if champion else ""
            raise RefusedError(against + "; ".join(worse), figures)
        return figures


def fetched(entry: Entry) -> Package | None:
    """Return what runs in the environment, from the registry; None where nothing does."""
    if entry.seen is None:
        return None
    digest = entry.seen.state.digest  # what runs, even where somebody has edited it
    # A copy of ours is no proof that the registry still has it.
    if not packages.exists(digest):
        raise RefusedError(f"the champion {digest} is gone from the registry")
    return packages.fetch(digest)


def scored(candidate: Package, champion: Package | None) -> Figures:
    """Run the comparison in the pipeline, and return its figures; `RefusedError` where it fails."""
    models = [each.folder / MODEL for each in (candidate, champion) if each]
    COMPARISON.unlink(missing_ok=True)
    done = module.run_module("pipeline.compare", *map(str, models))
    if done.returncode:
        raise RefusedError(f"no comparison: {module.last_line(done)}")
    figures: Figures = read_json(COMPARISON)
    for who, path in zip(("candidate", "champion"), models, strict=False):
        if figures[who]["model"] != file_digest(path):
            raise RefusedError(f"{COMPARISON}: not about the {who} {path}")
    return figures


def shortfalls(figures: Mapping[str, Any], terms: Terms, where: str) -> Iterator[str]:
    """Say in what the candidate is worse than it may be; a metric that is no number is worse."""
    directions = DIRECTIONS[figures["task"]]
    candidate, champion = figures["candidate"], figures["champion"]
    margins = {name: terms.margins[name] for name in directions if name in terms.margins}
    if not margins:
        yield f"{where}: champion.margins names no metric of {figures['task']}"
    for name, value in candidate["metrics"].items():
        if not _is_number(value):
            yield f"{name} is not a number"
    for name, margin in margins.items() if champion else ():
        ours, theirs = candidate["metrics"].get(name), champion["metrics"].get(name)
        if not _is_number(theirs):
            yield f"the champion's {name} is not a number"
        elif _is_number(ours):
            gain = ours - theirs if directions[name] == "higher" else theirs - ours
            if gain < -margin:
                yield f"{name} is {ours:.4g}, the champion's {theirs:.4g} (margin {margin:g})"
    yield from _below_floors(candidate["slices"], terms, directions, where)


def _below_floors(
    slices: Mapping[str, Any], terms: Terms, directions: Mapping[str, str], where: str
) -> Iterator[str]:
    floors = {name: terms.slices[name] for name in directions if name in terms.slices}
    if floors and not slices:
        yield f"{where}: champion.slices has floors, and evaluation.slices names no column"
    for column, groups in slices.items():
        for group, found in groups.items():
            for name, floor in floors.items():
                value = found["metrics"].get(name)
                place = f"{name} where {column} is {group}"
                if not _is_number(value):
                    yield f"{place} is not a number"
                elif value < floor if directions[name] == "higher" else value > floor:
                    yield f"{place} is {value:.4g}, must be {_bound(directions[name])} {floor:g}"


def _bound(direction: str) -> str:
    return "at least" if direction == "higher" else "at most"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
