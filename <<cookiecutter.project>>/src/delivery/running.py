"""What an environment runs, for the next step: `make running ENV=dev`."""

from delivery import asked
from delivery.state.store import StateStore
from project.errors import UserError, one_line
from project.outputs import hand_on


def main() -> None:
    """Hand on the digest, the commit it was built from, and whether it was verified."""
    environment, model = asked.environment(), asked.model()
    found = StateStore.open().current(environment, model)
    if found is None:
        raise UserError(f"{environment}/{model}: nothing runs there")
    verified = str(bool(found.verified)).lower()
    hand_on({"digest": found.digest, "commit": found.record.commit, "verified": verified})


if __name__ == "__main__":
    one_line(main)
