"""Errors that a user can act on; their text is one clear sentence."""

from __future__ import annotations


class SoakError(Exception):
    """Base of every error of this package that a user can act on."""


class SoakConfigError(SoakError):
    """Something that the user gave (option, file, value) cannot be used as it is."""


class SoakStateError(SoakError):
    """The recorded state of a run contradicts the request."""


class SoakIdentityError(SoakStateError):
    """The records of a run were made with something else than what would go on with it."""


class SoakStoreError(SoakError):
    """Something could not be written to or read from the disk; the text names path and cause."""


class SoakStoreWarning(UserWarning):
    """A file other than the records could not be written; the run continues without it."""


class SoakProfileWarning(UserWarning):
    """An iteration has no code profile; the run continues without it."""
