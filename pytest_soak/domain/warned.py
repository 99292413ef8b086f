"""A warning that stays one where the filters make warnings errors."""

from __future__ import annotations

import warnings
from itertools import chain

_LAST = (("default", Warning),)


def warn_only(warning: Warning, *, stacklevel: int) -> None:
    """Warn, without becoming an error under ``-W error``: what only warns does not fail an item.

    A filter that names the kind of the warning itself counts as it stands.
    """
    kind = type(warning)
    with warnings.catch_warnings():
        known = ((action, named) for action, _, named, _, _ in warnings.filters)
        action, named = next(found for found in chain(known, _LAST) if issubclass(kind, found[1]))
        if action == "error" and named is not kind:
            warnings.simplefilter("always", kind)
        warnings.warn(warning, stacklevel=stacklevel + 1)
