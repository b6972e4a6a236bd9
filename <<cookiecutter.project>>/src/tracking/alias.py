"""Let an alias in MLflow name the version of a deployed package.

`tracking.alias ALIAS MODEL DATASET PARAMETERS`, each of the last three `sha256:…`.
"""

import sys
from typing import NamedTuple

from project.errors import UserError, one_line
from project.loading import load
from project.settings.identity import Tracking
from tracking.provenance import PARAMETERS
from tracking.store import connect, one_at_a_time, shown, store_errors, tracking_uri


class Made(NamedTuple):
    """What a package's model is and was made of: the same bytes can come of other data."""

    model: str
    dataset: str
    parameters: str


def set_alias(alias: str, made: Made) -> str:
    """Let `alias` name the version of a package; return a line that says so.

    Raises `UserError` where MLflow has no such version, or does not answer.
    """
    settings, uri = load("tracking", Tracking), tracking_uri()
    model, dataset, parameters = (digest.rpartition(":")[2] for digest in made)
    with one_at_a_time():
        client = connect(uri)
        with store_errors(uri):
            found = client.search_model_versions(
                f"name = '{settings.model}' and tags.model_sha256 = '{model}' "
                f"and tags.dataset_sha256 = '{dataset}'"
            )
            # A version from before there was this tag says nothing against it.
            agreeing = [
                each for each in found if each.tags.get(PARAMETERS, parameters) == parameters
            ]
            if not agreeing:
                raise UserError(
                    f"{shown(uri)}: no version of {settings.model} has the model {made.model} of "
                    f"the dataset {made.dataset} and the parameters {made.parameters}; "
                    "type: make register"
                )
            version = max(agreeing, key=lambda each: int(each.version)).version
            client.set_registered_model_alias(settings.model, alias, version)
    return f"{settings.model} version {version} is {alias} in MLflow"


def main() -> None:
    """Set the alias that the arguments name."""
    alias, *made = sys.argv[1:]
    print(set_alias(alias, Made(*made)))


if __name__ == "__main__":
    one_line(main)
