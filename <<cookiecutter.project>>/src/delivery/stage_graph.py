"""The stages of dvc.yaml and what each needs of the others, as DVC itself sees them."""

from dataclasses import dataclass
from typing import Any

from project.errors import UserError


@dataclass(frozen=True)
class Stage:
    """A stage, the stages that it waits for, and their outputs that it reads."""

    name: str
    after: tuple[str, ...]
    inputs: tuple[str, ...]


def read_stages() -> dict[str, Stage]:
    """Read the stages in the order of dvc.yaml.

    DVC resolves templates, folders and `foreach`; a file that `dvc add` tracks is an input only.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

    try:
        graph = Repo().index.graph
    except DvcException as error:
        raise UserError(f"dvc.yaml: {error}") from None
    made = {}
    for stage in graph.nodes:
        if isinstance(stage, PipelineStage):
            needed = sorted(graph.successors(stage), key=lambda other: other.addressing)
            made[stage.addressing] = Stage(
                name=stage.addressing,
                after=tuple(one.addressing for one in needed if isinstance(one, PipelineStage)),
                inputs=tuple(_read_by(stage, needed)),
            )
    return made


def _read_by(stage: Any, needed: list[Any]) -> list[str]:
    """List the outputs of other stages that lie at, in or above a dependency of this one."""
    deps = [str(dep) for dep in stage.deps]
    outs = [str(out) for other in needed for out in other.outs]
    return [out for out in outs if any(_overlap(out, dep) for dep in deps)]


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
