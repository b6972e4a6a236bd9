"""Take a canary's share away: `make abort ENV=…` restores what was there before it, byte for byte.

No gate is asked. The candidate counts as rolled back thereafter. DRY_RUN=1 does nothing of it.
"""

from delivery import asked
from delivery.environments import load_environment
from delivery.rollback import put_back, way_back
from delivery.state.store import StateStore
from project.errors import UserError, one_line


def main() -> None:
    """Abort, and say to what the environment is back."""
    environment, model = asked.environment(), asked.model()
    settings, store = load_environment(environment), StateStore.open()
    seen = store.current(environment, model)
    if seen is None or seen.canary is None:
        raise UserError(f"{environment}/{model}: no canary is under way, so there is none to abort")
    change, reason = asked.given("CHANGE"), asked.given("REASON")
    new, record = way_back(store, environment, model, change=change, reason=reason)
    put_back(store, settings, new, record)


if __name__ == "__main__":
    one_line(main)
