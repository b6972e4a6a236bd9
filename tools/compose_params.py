"""Compose the template's own params.yaml from its conf/: `make params` after an edit there.

A generated project starts with a params.yaml that agrees with its conf/, for either framework.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
PARAMS = TEMPLATE / "<<cookiecutter.project>>" / "params.yaml"
IDENTITY = "\n".join(
    [
        "project:",
        "  name: << cookiecutter.project >>",
        *(f"  {key}: << cookiecutter.{key} | yaml >>" for key in ("title", "owner")),
        *(f"  {key}: << cookiecutter.{key} >>" for key in ("registry", "framework", "licence")),
        "",
    ]
)


COMPOSE = (
    "from project.composing import compose; from project.params import render;"
    " print(render(compose([]), [], []), end='')"
)


def composed(framework: str, folder: Path) -> str:
    """Generate a project and return what its conf/ composes to."""
    project = Path(
        cookiecutter(
            str(TEMPLATE),
            no_input=True,
            output_dir=str(folder),
            extra_context={"framework": framework, "project": f"a-{framework}"},
            accept_hooks=False,
        )
    )
    # What writes params.yaml tries the model first, with libraries that are not here.
    command = [sys.executable, "-c", COMPOSE]
    environment = {"PYTHONPATH": "src"}
    return subprocess.run(
        command, cwd=project, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def template(sklearn: str, keras: str) -> str:
    """Join what two projects compose to: identity as placeholders, the model by framework."""
    head, *body = re.split(r"(?m)^(?=\w+:$|\w+: )", sklearn)
    others = dict(zip(groups(keras), re.split(r"(?m)^(?=\w+:$|\w+: )", keras)[1:], strict=True))
    text = [head]
    for name, group in zip(groups(sklearn), body, strict=True):
        if name == "project":
            text.append(IDENTITY)
        elif name == "tracking":
            text.append(group.replace("a-sklearn", "<< cookiecutter.project >>"))
        elif group != others[name]:
            condition = "<% if cookiecutter.framework == 'keras' %>\n"
            text += [condition, others[name], "<% else %>\n", group, "<% endif %>\n"]
        else:
            text.append(group)
    return "".join(text)


def groups(text: str) -> list[str]:
    """Return the names of the groups in order."""
    return list(yaml.safe_load(text))


def main() -> None:
    """Write the template's params.yaml."""
    with tempfile.TemporaryDirectory() as folder:
        texts = [composed(framework, Path(folder)) for framework in ("sklearn", "keras")]
    PARAMS.write_text(template(*texts), encoding="utf-8")


if __name__ == "__main__":
    main()
