"""Every gate, in the order in which they are asked: `make gates` prints them."""

import inspect

from delivery.environments import NAMES, load_environment
from delivery.gates.champion import Champion
from delivery.gates.gate import Gate
from delivery.gates.package_gates import Clean, Current, FromHead, Signed, Tag, Verdict
from delivery.gates.way_gates import Before, Change, Freeze, Records, RolledBack
from project.artefacts import CONF
from project.errors import UserError, one_line

#: What takes longest comes last.
GATES: tuple[Gate, ...] = (
    Freeze(),
    Change(),
    Clean(),
    Verdict(),
    Signed(),
    FromHead(),
    Current(),
    Records(),
    Before(),
    RolledBack(),
    Tag(),
    Champion(),
)
IDS = tuple(gate.id for gate in GATES)


def checked_override(environment: str, overridable: list[str], gate: str, reason: str) -> str:
    """Return the gate to override; `UserError` where it may not be, or nobody says why."""
    path = CONF / "environment" / f"{environment}.yaml"
    for name in overridable:
        if name not in IDS:
            raise UserError(f"{path}: overridable: {name}: no such gate; {', '.join(IDS)} are")
    if gate not in IDS:
        raise UserError(f"OVERRIDE={gate}: no such gate; {', '.join(IDS)} are")
    if gate not in overridable:
        may = f"only {', '.join(overridable)} may" if overridable else "none may"
        raise UserError(f"OVERRIDE={gate}: not in {environment}, where {may} be ({path})")
    if not reason.strip():
        raise UserError(f'OVERRIDE={gate}: nobody says why; add REASON="…"')
    return gate


def main() -> None:
    """Print each gate: what it asks for, what it needs, and where it may be overridden."""
    may = {name: load_environment(name).overridable for name in NAMES}
    for gate in GATES:
        where = [name for name in NAMES if gate.id in may[name]]
        print(f"{gate.id}: {gate.title}")
        for line in inspect.cleandoc(gate.__doc__ or "").splitlines():
            print(f"    {line}".rstrip())
        print(f"    Needs: {gate.needs}. May be overridden: {', '.join(where) or 'nowhere'}.\n")


if __name__ == "__main__":
    one_line(main)
