"""Tell others by a webhook: Slack's JSON, which Mattermost, Teams' workflows and others read too.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. A webhook that does not
take the message is said on stderr, and stops nothing. That its variable is not set on this machine
is no news with each command: `make gates` says so.
"""

import json
import os
import sys
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from delivery.environments import Notify

SECONDS = 5.0


def tell(settings: Notify, text: str) -> None:
    """Send a line to the webhook whose URL lies in the variable that `notify.webhook` names."""
    if settings.webhook is None:
        return
    url = os.environ.get(settings.webhook, "")
    problem = _send(url, text) if url else None
    if problem:  # never with the URL: it is a secret
        print(f"warning: {settings.webhook}: nobody was told: {problem}", file=sys.stderr)


def told_where(settings: Notify) -> str:
    """Say for people who is told."""
    if settings.webhook is None:
        return "nobody (notify.webhook)"
    is_set = bool(os.environ.get(settings.webhook))
    return f"the webhook in {settings.webhook}" + ("" if is_set else ", which is not set here")


def _send(url: str, text: str) -> str | None:
    """Post, and say what went wrong."""
    if not url.startswith(("https://", "http://")):
        return "not a URL, https://…"
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    try:
        with urlopen(Request(url, body, headers), timeout=SECONDS):
            return None
    except HTTPError as error:
        return f"it answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return str(getattr(error, "reason", None) or type(error).__name__)
