"""The login to a repository of the state that is not the project's own: GITOPS_TOKEN."""

import os

#: git runs it where a server asks for a login; the token is in no command line, file or log.
#: GitHub, GitLab and Gitea take any name beside a token; GitHub's own words are these.
HELPER = '!f() { echo "username=x-access-token"; echo "password=$GITOPS_TOKEN"; }; f'


def login() -> dict[str, str]:
    """Return git's variables that answer with GITOPS_TOKEN and with no other login; else none.

    They are for git in the copy of that repository alone: no other server is shown the token, and
    that one is shown no login of somebody else's.
    """
    if not os.environ.get("GITOPS_TOKEN"):
        return {}
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    # An empty helper takes back those that were named before.
    helpers = {
        f"GIT_CONFIG_{part}_{count + place}": text
        for place, helper in enumerate(("", HELPER))
        for part, text in (("KEY", "credential.helper"), ("VALUE", helper))
    }
    return {"GIT_CONFIG_COUNT": str(count + len(helpers) // 2), **helpers}
