"""Gates about canaries: one at a time, and looked at before it gets everything."""

from typing_extensions import override

from delivery.gates.gate import Entry, Figures, Gate, RefusedError
from delivery.tables import short


class Alone(Gate):
    """No canary of another package is under way, and before a deploy none at all.

    A canary ends by `make promote` or `make abort`, so that the history says how it went.
    """

    id, title = "canary", "No other canary is under way"
    needs = "the GitOps branch"

    @override
    def check(self, entry: Entry) -> Figures:
        found = entry.seen.canary if entry.seen else None
        if found is None or found.share is None:
            return {"canary": None}
        if entry.action != "canary" or found.digest != entry.package.digest:
            where = f"ENV={entry.environment}"
            raise RefusedError(
                f"{short(found.digest)} has {found.share.weight}% as a canary; "
                f"type: make promote {where}, or make abort {where}"
            )
        return {"canary": found.id}


class Tried(Gate):
    """The canary was verified since it was given its share, and passed."""

    id, title = "tried", "The canary was verified"
    needs = "make verify while the canary is under way"

    @override
    def check(self, entry: Entry) -> Figures:
        told = entry.seen.verification if entry.seen else None
        if told is None or not (told.verification or {}).get("passed"):
            how = "did not pass its verification" if told else "has not been verified"
            raise RefusedError(
                f"{short(entry.package.digest)} {how} as a canary; "
                f"type: make verify ENV={entry.environment}"
            )
        return {"verification": told.id}
