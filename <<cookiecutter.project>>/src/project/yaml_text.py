"""Writing YAML that each of its readers reads alike.

PyYAML, which Hydra stands on, reads YAML 1.1, where `no` is false; DVC and we read 1.2, where `1e5`
is a number: a text that either would take for something else is written within quotes.
"""

import re
from typing import Any

import yaml


class _ForBoth(yaml.SafeDumper):
    """PyYAML's writer, which quotes for 1.1, taught what else 1.2 takes for numbers."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write what occurs twice twice, as a person would."""
        return True


def _text(dumper: _ForBoth, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None  # lines as lines
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_ForBoth.add_representer(str, _text)
_ForBoth.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
_ForBoth.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(0o[0-7]+|[0-9]+)$"), list("-+0123456789")
)


def yaml_text(value: Any, width: int = 100, flow: bool = False) -> str:
    """Write settings in their own order; `flow` writes them on one line, as JSON would."""
    text = yaml.dump(
        value,
        Dumper=_ForBoth,
        sort_keys=False,
        allow_unicode=True,
        width=width,
        default_flow_style=flow,
    )
    return str(text)
