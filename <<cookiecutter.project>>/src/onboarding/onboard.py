"""Read a table and write the settings that train on it: `make onboard DATA=… TARGET=…`."""

import re
import sys
from pathlib import Path

import yaml
from rich.console import Console

from onboarding.config_files import WRITTEN, dataset_text, experiment_text
from onboarding.model_choice import choose_model
from onboarding.plan import Plan, plan
from onboarding.reading import DELIMITERS
from onboarding.summary import show
from project.artefacts import CONF
from project.columns import normalise
from project.errors import UserError, one_line
from project.files import write_text

USAGE = "make onboard DATA=path TARGET=column [NAME=name] [DELIMITER=';']"


def onboard(
    data: Path, target: str, name: str, delimiter: str = "", conf: Path = CONF
) -> tuple[Plan, dict[Path, str]]:
    """Decide on a table; return the plan, and the files of conf/ that say it."""
    missing = yaml.safe_load((conf / "source/file.yaml").read_text(encoding="utf-8"))["missing"]
    decided = plan(data, target, missing, delimiter)
    model, weights = choose_model(conf, decided.target.task)
    title = f"{decided.target.source} from {data.name}"
    return decided, {
        conf / f"dataset/{name}.yaml": dataset_text(decided, name, title, _settings_path(data)),
        conf / f"experiment/{name}.yaml": experiment_text(decided, name, model, weights),
    }


def name_of(data: Path) -> str:
    """Name a data set after its file: `Winequality-red.csv.gz` is winequality_red."""
    return _as_a_word(normalise(data.name.split(".")[0]))


def _as_a_word(name: str) -> str:
    """Mend a name that YAML or Hydra reads as something else: no, null, inf."""
    is_word = isinstance(yaml.safe_load(name), str) and name not in ("inf", "nan")
    return name if is_word else f"{name}_table"


def refuse_overwriting(files: dict[Path, str], name: str) -> None:
    """Raise `UserError` where a file of that name says something else."""
    present = {path: path.read_text(encoding="utf-8") for path in files if path.exists()}
    other = [path for path, text in present.items() if text != files[path]]
    if not other:
        return
    ours = any(WRITTEN in text for text in present.values())
    again = f"to have it written anew: rm {' '.join(map(str, present))}; or " if ours else ""
    raise UserError(
        f"{other[0]} exists and says something else; {again}choose another name: NAME={name}_2"
    )


def _settings_path(data: Path) -> str:
    inside = data.resolve().is_relative_to(Path.cwd().resolve())
    return (
        data.resolve().relative_to(Path.cwd().resolve()) if inside else data.resolve()
    ).as_posix()


def _arguments(words: list[str]) -> tuple[Path, str, str, str]:
    data, target, name, delimiter = (*words, "", "", "", "")[:4]
    if not data or not target:
        raise UserError(f"{'TARGET' if data else 'DATA'} is missing; type: {USAGE}")
    if "://" in data:
        raise UserError(
            f"DATA={data}: expected a file; download it, onboard that, and README.md, "
            '"Your own data", says how conf/dataset/<name>.yaml then names the URL'
        )
    name = name or name_of(Path(data))
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"NAME={name}: expected a-z, 0-9 and _; try NAME={normalise(name)}")
    if name != (word := _as_a_word(name)):
        raise UserError(f"NAME={name}: settings take it for a value of its own; try NAME={word}")
    delimiter = {word: sign for sign, word in DELIMITERS.items()}.get(delimiter, delimiter)
    if len(delimiter) > 1:
        words_for_it = ", ".join(DELIMITERS.values())
        raise UserError(f"DELIMITER={delimiter}: expected one sign, or one of {words_for_it}")
    return Path(data), target, name, delimiter


def main() -> None:
    """Onboard the table that make's variables name."""
    data, target, name, delimiter = _arguments(sys.argv[1:])
    decided, files = onboard(data, target, name, delimiter)
    refuse_overwriting(files, name)
    for path, text in files.items():
        write_text(path, text)
    console = Console()
    show(decided, console)
    written = " and ".join(map(str, files))
    console.print(f"\nWrote {written}.", markup=False, highlight=False, soft_wrap=True)
    if Path(_settings_path(data)).is_absolute():
        console.print(
            f"{data} is outside this project, so clean clones will not have it; "
            f"{CONF}/dataset/{name}.yaml says how they would.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f"Read them, then train: make repro experiment={name}", style="bold", markup=False
    )


if __name__ == "__main__":
    one_line(main)
