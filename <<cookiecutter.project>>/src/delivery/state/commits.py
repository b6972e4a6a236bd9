"""What the commits of a state say, for people and for `make audit`."""

from delivery.state.record import SHOWN, Record

VERBS = {
    "deploy": "Deploy {what} to {where}",
    "rollback": "Roll {where} back to {what}",
    "canary": "Try {what} on a part of {where}",
    "promote": "Promote {what} in {where}",
    "abort": "Abort the canary in {where}: back to {what}",
    "verify": "Verify {what} in {where}",
    "acknowledge": "Acknowledge what make audit found of {what} in {where}",
}


def message(record: Record) -> str:
    """Return the message of the commit that adds a record, with its trailers."""
    short = record.digest.partition(":")[2][:SHOWN]
    what = f"{record.model} {short}".rstrip()
    title = VERBS[record.action].format(what=what, where=record.environment)
    body = [_flat(record.reason), ""] if record.reason else []
    listed = [f"{name}: {_flat(value)}" for name, value in trailers(record).items() if value]
    return "\n".join([title, "", *body, *listed, ""])


def trailers(record: Record) -> dict[str, str]:
    """Return what a commit says of its record."""
    return {
        "Environment": record.environment,
        "Model": record.model,
        "Digest": record.digest,
        "Record": record.id,
        "Change": record.change or "",
        "By": record.by,
    }


def _flat(text: str) -> str:
    """Keep a text to one line: a line of its own could pass for a trailer."""
    return " ".join(text.split())
