"""What runs where, since when, by whom and for which change: `make status`."""

from typing import Any

from rich.text import Text

from delivery import asked
from delivery.environments import NAMES
from delivery.state.landings import landing
from delivery.state.reading import Deployed, deployed_at
from delivery.state.store import StateStore
from delivery.tables import Cell, console, moment, short, table, verdict
from project.artefacts import MANIFEST
from project.errors import UserError, one_line
from project.files import read_json

HEADER = ("", "runs", "since (UTC)", "by", "change", "verified", "candidate")


def rows(store: StateStore, model: str, candidate: dict[str, Any] | None) -> list[list[Cell]]:
    """Return a line for each environment."""
    tip = store.newest()
    return [_row(store, tip, environment, model, candidate) for environment in NAMES]


def _row(
    store: StateStore,
    tip: str | None,
    environment: str,
    model: str,
    candidate: dict[str, Any] | None,
) -> list[Cell]:
    found = deployed_at(store.repository.objects, tip, environment, model)
    if tip is None or found is None:
        return [environment, "nothing", "", "", "", "", ""]
    since = landing(store.repository.objects, tip, found.record)
    digest = short(found.digest)
    if found.canary and found.canary.share:
        digest += f", {short(found.canary.digest)} on {found.canary.share.weight}%"
    return [
        environment,
        Text(f"{digest}, edited", style="red") if found.edited else digest,
        moment(since),
        found.record.by.partition(" <")[0],
        found.record.change or "",
        verdict(found.verified),
        compared(found, candidate),
    ]


def compared(found: Deployed, candidate: dict[str, Any] | None) -> str:
    """Say how what runs compares with the candidate: the same, or better or worse by how much."""
    if candidate is None:
        return "none"
    if candidate["digests"]["modelcar"] == found.digest:
        return "is this one"
    if found.canary and candidate["digests"]["modelcar"] == found.canary.digest:
        return "is the canary"
    ours = found.state.settings.get("package", {}).get("metrics", {})
    for name, value in candidate.get("metrics", {}).items():
        if name in ours:
            return f"{name} {value:.4g}, here {ours[name]:.4g}"
    return "is another one"


def read_candidate() -> dict[str, Any] | None:
    """Read what dist/ says of itself, or None where there is no package."""
    if not MANIFEST.exists():
        return None
    try:
        manifest: dict[str, Any] = read_json(MANIFEST)
        manifest["digests"]["modelcar"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{MANIFEST}: expected what the package stage writes: digests") from None
    return manifest


def main() -> None:
    """Print the table, and which package asks to be deployed."""
    model, candidate = asked.model(), read_candidate()
    store = StateStore.open()
    made = rows(store, model, candidate)
    to = console()
    to.print(f"{model}, as {store.repository.holder} has it", markup=False)
    to.print(table(HEADER, made))
    if candidate:
        to.print(f"candidate in {MANIFEST.parent}/: {short(candidate['digests']['modelcar'])}")


if __name__ == "__main__":
    one_line(main)
