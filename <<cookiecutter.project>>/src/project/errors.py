"""What a user's mistake looks like: one line on stderr, exit 1."""

import sys
from collections.abc import Callable

#: How pipeline.compare begins to say that it cannot, which make retrain takes for an answer.
TOO_FEW_ROWS = "test rows that neither model has learned from, nor rows like them: "


class UserError(Exception):
    """A mistake that the user can mend; the message says where it is and what to do."""


def one_line(main: Callable[[], None]) -> None:
    """Run `main`; end the process with exit 1 and one line on stderr when the user can mend it."""
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
    except OSError as error:
        # A full disk, a missing right, a folder that went away: nothing in the code can mend it.
        said = f"{error.filename or 'writing'}: {error.strerror}" if error.strerror else str(error)
        sys.exit(f"error: {' '.join(said.split())}")
    except KeyboardInterrupt:
        sys.exit(130)
