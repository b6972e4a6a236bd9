"""What gates are called, for settings that name them; `delivery.gates.all` has the gates."""

GATE_NAMES = (
    "freeze",
    "change",
    "clean",
    "verdict",
    "signature",
    "commit",
    "pushed",
    "current",
    "records",
    "request",
    "canary",
    "before",
    "rolled_back",
    "tag",
    "champion",
    "tried",
)
