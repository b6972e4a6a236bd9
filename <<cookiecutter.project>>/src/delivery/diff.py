"""What a deploy would change: `make diff ENV=…` compares with what the desired state renders to.

Each is rendered by its own chart: what was deployed by that of its commit, as Argo CD does.
"""

import difflib
import sys
from collections.abc import Iterator, Mapping

from delivery.deployed_chart import deployed_chart
from delivery.environments import checked_name
from delivery.helm import WrongValueError
from delivery.manifests import candidate_manifests, candidate_values, manifests
from delivery.state.store import StateStore
from project.errors import UserError, one_line


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a unified diff between two sets of manifests, by file."""
    for name in sorted({*before, *after}):
        old, new = before.get(name, ""), after.get(name, "")
        names = (name if name in before else "/dev/null", name if name in after else "/dev/null")
        yield from difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="")


def summary(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Count what is new, changed and gone."""
    changed = sum(before[name] != after[name] for name in before.keys() & after.keys())
    new, gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    return f"{new} new, {changed} changed, {gone} gone"


def main() -> None:
    """Show the difference for the environment that the first argument names."""
    name = checked_name(sys.argv[1])
    values, after = candidate_values(name), candidate_manifests(name)
    store = StateStore.open()
    state = store.current(name, values["name"])
    before = {}
    if state:
        # Which environment and model it is, the path alone says.
        own = {"name": values["name"], "environment": name}
        try:
            with deployed_chart(state.state) as chart:
                before = manifests(state.state.chart_values | own, chart)
        except WrongValueError as error:
            where = f"{store.repository.where}: {name}/{values['name']}/values.yaml"
            raise UserError(f"{where}: not what its chart takes: {error}") from None
    for line in difference(before, after):
        print(line)
    since = f"deployed {state.record.time} ({state.record.id})" if state else "nothing deployed yet"
    print(f"{name}, {since}: {summary(before, after)}")


if __name__ == "__main__":
    one_line(main)
