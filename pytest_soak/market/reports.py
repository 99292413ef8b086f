"""From the kernel's answer to the record of one iteration."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.records import EdgeReport

_ON_REQUEST = ("fills", "path")


def report_of(answer: Mapping[str, object]) -> EdgeReport:
    """Validate the kernel's answer, without the fills and the path that it holds on request.

    Raises:
        SoakError: where package and kernel are of different versions.
    """
    try:
        return EdgeReport.model_validate({k: v for k, v in answer.items() if k not in _ON_REQUEST})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SoakError(
            f"the kernel's report does not fit this package: {where}: {first['msg']}; "
            "rebuild the kernel with: maturin develop --release"
        ) from error
