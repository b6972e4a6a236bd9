"""Train anew on today's data, and propose the model where it is better: `make retrain [FORCE=1]`.

The pipeline runs in a clone; what comes of it is a branch retrain/<time>-<model> with parameters,
dvc.lock, reports and the comparison, or one line that says why there is none. Both are exit 0:
reports/retrain.json tells them apart for a scheduler.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from delivery import asked, packages
from delivery.environments import load_environment
from delivery.gates.champion import MODEL
from delivery.retraining import branch as branches
from delivery.retraining.judgement import Comparison, markdown, reasons
from delivery.retraining.workshop import (
    RefusedModelError,
    TooFewRowsError,
    Workshop,
    refuse_without_lock,
)
from delivery.state.choice import identity
from delivery.state.store import StateStore
from project.artefacts import CONF, DVC_LOCK, FEEDBACK, ONNX, ORIGIN, PARAMS, TEST, TRAIN
from project.ending import leave_when_told
from project.errors import UserError, one_line
from project.files import read_json, sha256, write_json, write_text
from project.git import git, run_git, text_at
from project.loading import read_params
from project.settings.monitoring import Retrain, load_monitoring
from project.switches import is_on

OUTCOME = Path("reports/retrain.json")
SHOWN = 12


@dataclass(frozen=True)
class Outcome:
    """What came of it, as reports/retrain.json has it; `comparison` lies in the branch."""

    outcome: Literal["better", "not_better", "cooldown"]
    why: str
    branch: str | None = None
    comparison: str | None = None
    request: str | None = None


@dataclass(frozen=True)
class Champion:
    """What the new model must beat: its graph, the commit that made it, and what it is."""

    model: Path | None
    commit: str
    against: str


def retrain(commit: str, settings: Retrain, now: datetime, force: bool) -> Outcome:
    """Return what came of a retraining at a commit; `UserError` where it could not be made."""
    to = branches.remote()
    identity(Path())  # before an hour of training, not after it
    found = branches.last(to)
    if found and not force and now < found[0] + timedelta(hours=settings.cooldown_hours):
        again = found[0] + timedelta(hours=settings.cooldown_hours)
        why = f"{found[1]} is from {found[0]:%Y-%m-%d %H:%M}; wait until {again:%Y-%m-%d %H:%M} UTC"
        return Outcome("cooldown", f"{why} (retrain.cooldown_hours), or FORCE=1", found[1])
    champion = _champion(settings.environment, commit)
    with TemporaryDirectory(prefix="slipway-retrain-") as folder:
        workshop = Workshop(commit, Path(folder))
        return _judged(workshop, champion, settings, now, to)


def _judged(
    workshop: Workshop, champion: Champion, settings: Retrain, now: datetime, to: str | None
) -> Outcome:
    base = workshop.base(champion.commit) or workshop.base(workshop.commit)
    if base is None:
        raise UserError(
            f"{TEST} of {workshop.commit[:10]} is in no cache, and no remote has it; "
            "type: dvc pull (or make repro, then commit)"
        )
    workshop.bring_data()
    if settings.labelled:
        print(workshop.add_labelled())
    try:
        workshop.run(lambda stage: print(f"stage {stage}", flush=True))
    except RefusedModelError as error:
        return Outcome("not_better", f"the new model is refused: {error}")
    project, old = workshop.project, champion.model or base / ONNX
    candidate = sha256(project / ONNX)
    if candidate == sha256(old):
        return Outcome("not_better", "the same model came out: neither data nor code is new")
    learned = (base / TRAIN, project / TRAIN)
    try:
        found = Comparison(
            champion=sha256(old)[:SHOWN],
            candidate=candidate[:SHOWN],
            against=champion.against,
            data=_data(workshop, base, champion),
            primary=str(read_params(project / PARAMS)["evaluation"]["primary"]),
            old=workshop.compare(old, base / TEST, learned),
            new=workshop.compare(old, project / TEST, learned),
        )
    except TooFewRowsError as error:
        again = "the data says the same again, as the rows of make simulate do"
        return Outcome("not_better", f"{error}; {again}")
    where = f"{CONF}/environment/{settings.environment}.yaml"
    terms = load_environment(settings.environment, partial(text_at, workshop.commit)).champion
    if why := [*reasons(found, terms, settings.gain, where)]:
        return Outcome("not_better", why[0])
    return _proposed(workshop, found, now, to)


def _proposed(workshop: Workshop, found: Comparison, now: datetime, to: str | None) -> Outcome:
    branch = branches.branch_name(now, found.candidate)
    text = markdown(found, branch)
    write_text(workshop.project / branches.COMPARISON, text)
    _, _, body = text.partition("\n\n")
    message = f"Retrain: {found.candidate} instead of {found.champion}\n\n{body}"
    paths = [str(PARAMS), str(DVC_LOCK), "reports", str(FEEDBACK.parent)]
    pointers = git("ls-files", "*.dvc", cwd=workshop.project).splitlines()
    commit = workshop.commit_branch(branch, message, [*paths, *pointers], identity(Path()))
    proposal = branches.publish(workshop.project, commit, branch, to)
    ours, theirs = (found.new[who]["metrics"][found.primary] for who in ("candidate", "champion"))
    why = f"{found.primary} is {ours:.4g} on the new test rows, the champion's {theirs:.4g}"
    request = proposal.url if proposal and proposal.opened else None
    print(proposal or f"look at it: git diff HEAD {branch}")
    return Outcome("better", why, branch, str(branches.COMPARISON), request)


def _champion(environment: str, head: str) -> Champion:
    """Return what runs in the environment, out of the registry; else the model at HEAD."""
    name = asked.model()
    seen = StateStore.open().current(environment, name)
    if seen is None:
        against = f"the model at {head[:10]}, as nothing runs in {environment}"
        print(f"nothing of {name} runs in {environment}: held against the model at {head[:10]}")
        return Champion(None, head, against)
    package = packages.fetch(seen.state.digest)
    against = f"what runs in {environment}, {seen.state.digest}"
    return Champion((package.folder / MODEL).resolve(), seen.record.commit, against)


def starting_commit() -> str:
    """Return HEAD; `UserError` where it holds no finished run to start from."""
    head = run_git("rev-parse", "--verify", "--quiet", "HEAD")
    if head.returncode:
        raise UserError("there is no commit to start from; type: git add --all, then git commit")
    if git("status", "--porcelain", "--", "."):
        print("Not everything here is committed: this is about HEAD, without your edits")
    refuse_without_lock("HEAD")
    return head.stdout.strip()


def _data(workshop: Workshop, base: Path, champion: Champion) -> list[str]:
    origin = read_json(workshop.project / ORIGIN)
    labelled = origin.get("labelled", {}).get("rows", 0)
    where = origin.get("path") or origin.get("name") or origin["url"]
    lines = [f"Data: {origin['rows']:,} rows from {where}"]
    if labelled:
        lines[0] += f", and {labelled:,} predictions whose labels came"
    return [*lines, old_split(base.name, champion.commit)]


def old_split(base: str, champion: str) -> str:
    """Say of which commit the old split is, and what it means where it is not the champion's."""
    if base == champion:
        return f"The old split is that of the champion's commit, {champion[:10]}"
    return (
        f"The old split is that of {base[:10]}, as the one of the champion's commit, "
        f"{champion[:10]}, is not to be had here: the champion may have learned from rows on "
        "which it is asked"
    )


def main() -> None:
    """Retrain; leave nothing half behind when told to end."""
    leave_when_told()
    OUTCOME.unlink(missing_ok=True)  # of an earlier run: this one may fail
    commit, force = starting_commit(), is_on("FORCE")
    settings = load_monitoring(read=partial(text_at, commit)).retrain
    outcome = retrain(commit, settings, datetime.now(UTC), force)
    write_json(OUTCOME, {"format": 1, **asdict(outcome)})
    words = {"better": f"better, on {outcome.branch}", "not_better": "nothing better came out"}
    print(f"{words.get(outcome.outcome, 'too early')}: {outcome.why}")


if __name__ == "__main__":
    one_line(main)
