"""Every gate, in the order in which they are asked: `make gates` prints them."""

import inspect

from delivery.environments import NAMES, load_environment
from delivery.gates.canary_gates import Alone, Tried
from delivery.gates.champion import Champion
from delivery.gates.gate import Gate
from delivery.gates.package_gates import (
    Clean,
    Current,
    FromHead,
    Pushed,
    Signed,
    Tag,
    Verdict,
)
from delivery.gates.way_gates import Before, Change, Freeze, Records, Request, RolledBack
from delivery.notify import told_where
from project.artefacts import CONF
from project.errors import UserError, one_line

#: Those of a deploy and of a canary; what takes longest comes last.
GATES: tuple[Gate, ...] = (
    Freeze(),
    Change(),
    Clean(),
    Verdict(),
    Signed(),
    FromHead(),
    Pushed(),
    Current(),
    Records(),
    Request(),
    Alone(),
    Before(),
    RolledBack(),
    Tag(),
    Champion(),
)
#: Those of a promotion: what a canary was asked when it came is not asked again.
PROMOTION: tuple[Gate, ...] = (
    Freeze(),
    Change(),
    Records(),
    Request(),
    RolledBack(),
    Tried(),
)
#: Every gate by its id.
KNOWN: dict[str, Gate] = {gate.id: gate for gate in (*GATES, *PROMOTION)}


def checked_overrides(
    environment: str, overridable: list[str], given: str, reason: str
) -> frozenset[str]:
    """Return the gates to override, of a list with commas.

    Raises `UserError` where one of them may not be, or nobody says why.
    """
    path = CONF / "environment" / f"{environment}.yaml"
    gates = [name.strip() for name in given.split(",")]
    for gate in gates:
        if gate not in KNOWN:
            raise UserError(f"OVERRIDE={gate}: no such gate; {', '.join(KNOWN)} are")
        if gate not in overridable:
            may = f"only {', '.join(overridable)} may" if overridable else "none may"
            raise UserError(f"OVERRIDE={gate}: not in {environment}, where {may} be ({path})")
    if not reason.strip():
        raise UserError(f'OVERRIDE={given}: nobody says why; add REASON="…"')
    return frozenset(gates)


def main() -> None:
    """Print each gate: what asks it and for what, what it needs, where it may be overridden."""
    settings = {name: load_environment(name) for name in NAMES}
    may = {name: settings[name].overridable for name in NAMES}
    entering, promoted = {gate.id for gate in GATES}, {gate.id for gate in PROMOTION}
    for gate in KNOWN.values():
        by = ["deploy, canary"] * (gate.id in entering) + ["promote"] * (gate.id in promoted)
        where = [name for name in NAMES if gate.id in may[name]]
        print(f"{gate.id}: {gate.title}")
        for line in inspect.cleandoc(gate.__doc__ or "").splitlines():
            print(f"    {line}".rstrip())
        print(f"    Asked by: {', '.join(by)}. Needs: {gate.needs}.")
        print(f"    May be overridden: {', '.join(where) or 'nowhere'}.\n")
    for name in NAMES:
        print(f"Of {name} is told: {told_where(settings[name].notify)}.")


if __name__ == "__main__":
    one_line(main)
