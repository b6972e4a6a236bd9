"""What an environment should run, and the record of how it came to that.

A record is written once and never changed: what is learnt later, such as a verification, is a
record of its own. Records are files of their environment and model, named by time, so that their
order is that of their names.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from project.errors import UserError
from project.loading import read_yaml
from project.oci import checked_digest
from project.yaml_text import yaml_text

Action = Literal["deploy", "rollback", "canary", "promote", "abort", "verify", "acknowledge"]
VERIFY: Action = "verify"
#: Actions that speak of a state, and put none in force.
NOTES: tuple[Action, ...] = (VERIFY, "acknowledge")
#: Actions that put back what was there.
BACK: tuple[Action, ...] = ("rollback", "abort")
CONFIG, VALUES, HISTORY = "config.yaml", "values.yaml", "history"
BLOB = "^[0-9a-f]{40,64}$"  # one line, which git reads as one name
SHOWN = 12  # of a digest's hexadecimal digits


@dataclass(frozen=True)
class State:
    """The bytes of an environment's two files: what runs, and how; `folder` is theirs, if known."""

    config: bytes
    values: bytes
    folder: str = field(default="", compare=False)

    @classmethod
    def of(cls, config: Mapping[str, Any], values: Mapping[str, Any]) -> "State":
        """Write both as YAML."""
        return cls(yaml_text(dict(config)).encode(), yaml_text(dict(values)).encode())

    @property
    def settings(self) -> dict[str, Any]:
        """What config.yaml says."""
        return _mapping(self.config, f"{self.folder}{CONFIG}")

    @property
    def chart_values(self) -> dict[str, Any]:
        """What values.yaml says."""
        return _mapping(self.values, f"{self.folder}{VALUES}")

    @property
    def digest(self) -> str:
        """The digest of the package that is to run."""
        return checked_digest(str(self.settings.get("digest", "")))

    @property
    def sums(self) -> dict[str, str]:
        """The SHA-256 of each file, as records hold them."""
        return {"config_sha256": _sha256(self.config), "values_sha256": _sha256(self.values)}


class Kept(BaseModel):
    """A state by the digests of its files, and where git keeps these."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    config_sha256: str
    values_sha256: str
    config_blob: str = Field(pattern=BLOB)
    values_blob: str = Field(pattern=BLOB)

    @property
    def sums(self) -> dict[str, str]:
        """The SHA-256 of each file."""
        return {"config_sha256": self.config_sha256, "values_sha256": self.values_sha256}


class Share(BaseModel):
    """What a canary's record says beside its candidate: its share, and what has the rest."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    weight: int
    beside: str


class Finding(BaseModel):
    """What `make audit` found at a path, and the commit that did it; None where one is missing."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    path: str
    commit: str | None
    said: str

    def __str__(self) -> str:
        return f"{self.path}: {self.said}"


class Record(BaseModel):
    """One change of an environment, or what was noted of one: a verification, an acknowledgement.

    The caller fills in what it knows; `id`, `time`, `by` and `state` are the store's to fill in.
    `replaced` is the id of the record that the caller has seen in force, or None where it saw none:
    the store refuses the change where that is no longer so. Of a `verification`, `passed` says
    whether it held. `digest` is the package that the record is about: of a canary the candidate,
    which has but a `share` of the requests. `findings` are those of an acknowledgement.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str = ""
    time: str = ""
    action: Action
    environment: str
    model: str
    digest: str
    commit: str
    change: str | None = None
    by: str = ""
    reason: str | None = None
    override: str | None = None
    gates: list[dict[str, Any]] = Field(default_factory=list)
    replaced: str | None = None
    verification: dict[str, Any] | None = None
    share: Share | None = None
    state: Kept | None = None
    findings: list[Finding] = Field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether this record put a state in force, rather than speak about one."""
        return self.action not in NOTES

    @property
    def runs(self) -> str:
        """The digest of the package that has all requests, or those that a canary leaves."""
        return self.share.beside if self.share else self.digest

    @property
    def own_id(self) -> str:
        """The id that a record of this time, about this package, has."""
        compact = self.time.translate(str.maketrans("", "", "-:."))
        return f"{compact}-{self.digest.partition(':')[2][:SHOWN] or self.action}"

    @property
    def file(self) -> str:
        """Where the record lies in the repository."""
        return f"{self.environment}/{self.model}/{HISTORY}/{self.id}.json"

    def content(self) -> bytes:
        """Write the record; NaN, which JSON has no word for, is an error."""
        # Most have none, and an earlier release knows none.
        written = self.model_dump(exclude=None if self.findings else {"findings"})
        text = json.dumps(written, indent=2, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()


def parse_record(content: bytes, where: str) -> Record:
    """Read a record; `UserError` names the file and the key that is wrong."""
    try:
        return Record.model_validate_json(content)
    except ValidationError as invalid:
        error = invalid.errors(include_url=False)[0]
        key = ".".join(map(str, error["loc"]))
        raise UserError(
            f"{where}: no record: {key}: {error['msg']}".replace(": : ", ": ")
        ) from None


def stamped(record: Record, after: str | None) -> Record:
    """Give a record its time and name, later than those of the record before it.

    Clocks of two machines may differ by more than the time between two changes.
    """
    now = datetime.now(UTC)
    if after is not None:
        now = max(now, parse_time(after) + timedelta(milliseconds=1))
    time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    named = record.model_copy(update={"time": time})
    return named.model_copy(update={"id": named.own_id})


def parse_time(text: str) -> datetime:
    """Read a record's time."""
    return datetime.fromisoformat(text)


def _mapping(content: bytes, name: str) -> dict[str, Any]:
    from ruamel.yaml.error import YAMLError

    try:
        found = read_yaml(content.decode())
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{name}: not YAML: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{name}: expected settings by their names")
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
