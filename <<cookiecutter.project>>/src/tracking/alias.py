"""Let an alias in MLflow name the version of a deployed model: `tracking.alias ALIAS sha256:…`."""

import sys

from project.errors import UserError, one_line
from project.loading import load
from project.settings.identity import Tracking
from tracking.store import connect, one_at_a_time, shown, store_errors, tracking_uri


def set_alias(alias: str, digest: str) -> str:
    """Let `alias` name the newest version with this model file; return a line that says so.

    Raises `UserError` where MLflow has no such version, or does not answer.
    """
    settings, uri = load("tracking", Tracking), tracking_uri()
    with one_at_a_time():
        client = connect(uri)
        with store_errors(uri):
            query = f"name = '{settings.model}' and tags.model_sha256 = '{digest.split(':')[-1]}'"
            found = client.search_model_versions(query)
            if not found:
                raise UserError(
                    f"{shown(uri)}: no version of {settings.model} has the model {digest}; "
                    "type: make register"
                )
            version = max(found, key=lambda each: int(each.version)).version
            client.set_registered_model_alias(settings.model, alias, version)
    return f"{settings.model} version {version} is {alias} in MLflow"


def main() -> None:
    """Set the alias that the arguments name."""
    print(set_alias(sys.argv[1], sys.argv[2]))


if __name__ == "__main__":
    one_line(main)
