"""Gates that look at the way to the environment: what ran before it, who approved, and when."""

import re

from typing_extensions import override

from delivery.audit import WAY_OUT, audit
from delivery.environments import load_environment
from delivery.gates.gate import Entry, Figures, Gate, RefusedError
from delivery.state.proposal import request_page
from delivery.tables import short
from project.artefacts import CONF


class Records(Gate):
    """The history of this model is as it was written: no record edited, removed or forged.

    What is not so has to be acknowledged by somebody, with a reason: `make acknowledge`.
    What the other gates read of verifications and rollbacks is true only then.
    """

    id, title = "records", "Records, git's history and the state agree"
    needs = "the GitOps branch"

    @override
    def check(self, entry: Entry) -> Figures:
        made = audit(entry.store, entry.model)
        if made.found:
            more = f" (and {len(made.found) - 1} more: make audit)" if len(made.found) > 1 else ""
            raise RefusedError(f"{made.found[0]}{more}; {WAY_OUT}")
        return {"records": len(made.records), "acknowledged": len(made.acknowledged)}


class Request(Gate):
    """There is a git remote to open a pull request at, and none of this model is open already.

    Two that were made upon the same state cannot both be merged. A branch counts as open until the
    state has its record: one that was closed is to be deleted.
    """

    id, title = "request", "A request can be opened, and no other is"
    needs = "the GitOps repository"

    @override
    def applies(self, entry: Entry) -> bool:
        return entry.by_request

    @override
    def check(self, entry: Entry) -> Figures:
        entry.store.repository.refuse_no_remote()
        found = entry.store.proposals(entry.environment, entry.model)
        if found:
            where = entry.store.repository.where
            page = request_page(where, found[0])
            raise RefusedError(
                f"{found[0]} is open already{f' ({page})' if page else ''}; merge it, or close it "
                f"and type: git push {where} --delete {found[0]}"
            )
        return {"open": 0}


class Before(Gate):
    """The environment before this one runs the same digest, and it was verified there.

    conf/environment/ says which environment that is (`after`), and what counts as verified
    (`verification.target`): what runs there, or the package started from its digest.
    """

    id, title = "before", "The environment before runs it, verified"
    needs = "make verify of that environment"

    @override
    def applies(self, entry: Entry) -> bool:
        return entry.settings.after is not None

    @override
    def check(self, entry: Entry) -> Figures:
        before = entry.settings.after
        assert before
        found, digest = entry.at(before), entry.package.digest
        if found is None:
            raise RefusedError(f"nothing runs in {before}; type: make deploy ENV={before}")
        if found.edited or found.state.digest != found.digest:
            raise RefusedError(f"{before} was edited past its records; look at make audit")
        if found.digest != digest:
            raise RefusedError(f"{before} runs {short(found.digest)}, this is {short(digest)}")
        # While a canary is there, the candidate is what was verified last.
        told = found.verification if not found.canary else None
        note = told.verification if told else None
        if not note or not note.get("passed"):
            how = "did not pass its verification" if note else "has not been verified"
            raise RefusedError(f"{short(digest)} {how} in {before}; type: make verify ENV={before}")
        wanted = load_environment(before).verification.target
        if wanted == "running" and note.get("target") != wanted:
            raise RefusedError(
                f"in {before} {short(digest)} was verified as {note.get('target')}, not as it "
                f"runs; type: make verify ENV={before} URL=…"
            )
        assert told
        return {"environment": before, "verification": told.id}


class RolledBack(Gate):
    """The digest was not rolled back, neither here nor in the environment before.

    Whoever rolled it back knew why; the record has the reason.
    """

    id, title = "rolled_back", "It was not rolled back"
    needs = "the history of both environments"

    @override
    def check(self, entry: Entry) -> Figures:
        looked = [name for name in (entry.settings.after, entry.environment) if name]
        for name in looked:
            record = entry.store.rolled_back(name, entry.model).get(entry.package.digest)
            if record:
                raise RefusedError(
                    f"{short(entry.package.digest)} was rolled back in {name} by {record.by} "
                    f"({record.reason})",
                    {"environment": name, "record": record.id},
                )
        return {"environments": looked}


class Change(Gate):
    """CHANGE names the ticket under which this goes, in the form of `change_pattern`."""

    id, title = "change", "A change was approved"
    needs = "CHANGE=…"

    @override
    def applies(self, entry: Entry) -> bool:
        return entry.settings.change_pattern is not None

    @override
    def check(self, entry: Entry) -> Figures:
        pattern = entry.settings.change_pattern
        assert pattern
        if not entry.change:
            raise RefusedError(f"no change is named; type: … CHANGE=…, which matches {pattern}")
        if not re.fullmatch(pattern, entry.change):
            raise RefusedError(f"CHANGE={entry.change} does not match {pattern}")
        return {"change": entry.change}


class Freeze(Gate):
    """Now is outside of every time for which `freeze` in conf/environment/ closes this one."""

    id, title = "freeze", "No freeze is on"
    needs = "the clock"

    @override
    def check(self, entry: Entry) -> Figures:
        found = entry.settings.frozen(entry.now)
        if found:
            path = CONF / "environment" / f"{entry.environment}.yaml"
            raise RefusedError(
                f"frozen until {found.end.isoformat()}: {found.why} ({path})",
                {"start": found.start.isoformat(), "end": found.end.isoformat()},
            )
        return {"now": entry.now.isoformat(timespec="seconds")}
