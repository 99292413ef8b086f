"""Usage errors; their text may hold what others wrote: names of files, values of options."""

from __future__ import annotations

import pytest


def usage_error(problem: object) -> pytest.UsageError:
    """An error that ends the session with one sentence, in which nothing steers a terminal or ends a line."""
    # Here, as a session without a soak does not need the domain.
    from pytest_soak.domain.text import printable

    return pytest.UsageError(printable(str(problem)))
