"""What it takes to fill a resting order of the strategy."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum
from typing import Any

FORMS = "queue, touch, through, pessimistic, prob-log, prob-log2, prob-power:N, prob-power2:N, prob-power3:N"
"""The names of all models; N is the exponent, from 0.01 to 100."""
PATTERN = r"^(queue|touch|through|pessimistic|prob-log2?|prob-power[23]?:[0-9]{1,3}(\.[0-9]{1,6})?)$"
"""What the name of a model is like."""
_LEAST, _MOST = 0.01, 100.0
_WITH_POWER = re.compile(r"(prob-power[23]?):([0-9]{1,3}(?:\.[0-9]{1,6})?)")


class FillModel(StrEnum):
    """A rule by which resting orders fill.

    ``queue``: its turn, once what was displayed before it has traded or was cancelled. ``touch``: a trade at
    its price, as if nobody were ahead. ``through``: the market goes beyond its price. ``pessimistic``: its
    turn, where nobody ahead ever cancels. On a recording alone, ``prob-`` and a law: its turn, where the law
    says how likely a cancelled quantity was behind it; ``FillModel("prob-power:3")`` has the exponent 3.
    """

    QUEUE = "queue"
    TOUCH = "touch"
    THROUGH = "through"
    PESSIMISTIC = "pessimistic"
    PROB_LOG = "prob-log"
    PROB_LOG2 = "prob-log2"

    @classmethod
    def _missing_(cls, value: object) -> FillModel | None:
        found = _WITH_POWER.fullmatch(value) if isinstance(value, str) else None
        if found is None or not _LEAST <= float(found[2]) <= _MOST:
            return None
        text = f"{found[1]}:{float(found[2]):.9g}"
        if text not in _of_powers:
            model = str.__new__(cls, text)
            model._name_, model._value_ = text.upper(), text
            _of_powers[text] = model
        return _of_powers[text]

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """Any name of a model, as those with an exponent cannot be listed."""
        # From 3.13 on the compiler takes the indent out of docstrings itself.
        said = inspect.cleandoc(cls.__doc__ or "")
        return {"type": "string", "pattern": PATTERN, "title": cls.__name__, "description": said}

    @property
    def is_by_law(self) -> bool:
        """Whether the place in the queue is estimated by a law, which takes a recording."""
        return self.value.startswith("prob-")


# One object each, as of the members.
_of_powers: dict[str, FillModel] = {}

COMPARED = (FillModel.QUEUE, FillModel.TOUCH, FillModel.THROUGH, FillModel.PESSIMISTIC)
"""Models that are compared on any market."""
COMPARED_ON_RECORDINGS = (
    *(FillModel.PROB_LOG, FillModel.PROB_LOG2),
    *(FillModel(f"prob-power{law}:3") for law in ("", "2", "3")),
)
"""Those that are compared on recordings too."""

UNDER = "@"
"""Between the name of a KPI and the fill model under which it is asked for: ``net_bps@through``."""


def parted(kpi: str) -> tuple[str, FillModel | None]:
    """Name of a KPI, and the fill model that it is asked for under; None: that of the run."""
    name, at, model = kpi.rpartition(UNDER)
    try:
        return (name, FillModel(model)) if name and at else (kpi, None)
    except ValueError:
        return kpi, None
