"""The parameters of a strategy: those that are built in, and its own as it declares them."""

from __future__ import annotations

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.parameter import Parameter
from pytest_soak.domain.parameters import PARAMETERS, ParameterTable
from pytest_soak.domain.text import show

ATTRIBUTE = "own_parameters"


def declared(strategy: object) -> ParameterTable:
    """The table of a strategy: its ``own_parameters``, an attribute or a method, stand at the end.

    Raises:
        SoakConfigError: names the strategy and what is accepted.
    """
    own = getattr(strategy, ATTRIBUTE, ())
    if callable(own):
        own = own()
    where = f"strategy {type(strategy).__name__}: {ATTRIBUTE}"
    if not isinstance(own, list | tuple) or not all(isinstance(one, Parameter) for one in own):
        raise SoakConfigError(
            f"{where} is {show(own)}; accepted is a list of pytest_soak.Parameter, or a method that gives one"
        )
    try:
        return PARAMETERS.with_own(own)
    except SoakConfigError as error:
        raise SoakConfigError(f"{where}: {error}") from None
