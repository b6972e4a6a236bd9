"""What an environment runs, for the next step: `make running ENV=dev [MERGED_INTO=main]`."""

from delivery import asked
from delivery.state.store import StateStore
from project.errors import UserError, one_line
from project.git import run_git
from project.outputs import hand_on


def main() -> None:
    """Hand on the digest, the commit it was built from, and whether it was verified."""
    environment, model = asked.environment(), asked.model()
    found = StateStore.open().current(environment, model)
    if found is None:
        raise UserError(f"{environment}/{model}: nothing runs there")
    commit = found.record.commit
    if branch := asked.given("MERGED_INTO"):
        refuse_unmerged(f"{environment}/{model}", commit, branch)
    verified = str(bool(found.verified)).lower()
    hand_on({"digest": found.digest, "commit": commit, "verified": verified})


def refuse_unmerged(what: str, commit: str, branch: str) -> None:
    """Raise `UserError` where a branch does not hold the commit of which something was built."""
    if run_git("rev-parse", "--verify", "--quiet", f"{branch}^{{commit}}").returncode:
        raise UserError(f"MERGED_INTO={branch}: no such branch here; type: git fetch")
    if run_git("merge-base", "--is-ancestor", commit, branch).returncode:
        raise UserError(
            f"{what}: was built from {commit[:10]}, which {branch} does not hold; merge it, and "
            "let what is built from there come first"
        )


if __name__ == "__main__":
    one_line(main)
