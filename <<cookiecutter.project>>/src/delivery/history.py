"""What ran in an environment, and when: `make history ENV=… [AT=2026-11-01]`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from delivery import asked
from delivery.state.landings import landings
from delivery.state.reading import backwards
from delivery.state.record import VERIFY, Record, parse_time
from delivery.state.store import StateStore
from delivery.tables import Cell, console, moment, short, table, verdict
from project.errors import UserError, one_line

HEADER = ("from (UTC)", "until", "runs", "by", "change", "how", "verified", "record")


@dataclass(frozen=True)
class Span:
    """How long one record's state was in force, and its last verification; `end` None: still."""

    record: Record
    start: datetime
    end: datetime | None
    verified: bool | None


def spans(store: StateStore, environment: str, model: str) -> list[Span]:
    """Return what was in force and when, the oldest first."""
    tip = store.newest()
    records = [*backwards(store.repository.objects, tip, environment, model)][::-1]
    verified = {
        record.replaced: bool((record.verification or {}).get("passed"))
        for record in records
        if record.action == VERIFY
    }
    came = landings(store.repository.objects, tip, environment, model) if tip else {}
    changes = [record for record in records if record.changes]
    starts = [came.get(record.id, parse_time(record.time)) for record in changes]
    ends = [*starts[1:], None]
    return [
        Span(record, start, end, verified.get(record.id))
        for record, start, end in zip(changes, starts, ends, strict=False)
    ]


def within(found: list[Span], start: datetime, end: datetime) -> list[Span]:
    """Keep what was in force at some moment from `start` to before `end`."""
    return [span for span in found if span.start < end and (not span.end or span.end > start)]


def period(text: str) -> tuple[datetime, datetime]:
    """Read AT: a day, all of it, or one moment; in UTC where no zone is named."""
    try:
        start, is_day = datetime.fromisoformat(text), len(text) <= len("2026-11-01")
    except ValueError:
        raise UserError(
            f"AT: expected a day or a moment, 2026-11-01 or 2026-11-01T14:30, got {text!r}"
        ) from None
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    long = timedelta(days=1) if is_day else timedelta(microseconds=1)
    return start, start + long


def _running(record: Record) -> str:
    """Say what ran, and what had a share of the requests beside it."""
    if record.share is None:
        return short(record.runs)
    return f"{short(record.runs)}, {short(record.digest)} on {record.share.weight}%"


def _row(span: Span) -> list[Cell]:
    record = span.record
    return [
        moment(span.start),
        moment(span.end) if span.end else "now",
        _running(record),
        record.by.partition(" <")[0],
        record.change or "",
        record.action + (f", past {record.override}" if record.override else ""),
        verdict(span.verified),
        record.id,
    ]


def main() -> None:
    """Print what ran in ENV, at AT where that is given, the newest first."""
    environment, model, at = asked.environment(), asked.model(), asked.given("AT")
    asked_for = period(at) if at else None
    found = spans(StateStore.open(), environment, model)
    if asked_for:
        found = within(found, *asked_for)
    if not found:
        print(f"nothing of {model} ran in {environment}{f' at {at}' if at else ' yet'}")
        return
    console().print(table(HEADER, map(_row, reversed(found))))


if __name__ == "__main__":
    one_line(main)
