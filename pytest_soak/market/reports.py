"""From the kernel's answer to the record of one iteration."""

from __future__ import annotations

from pydantic import ValidationError

from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.records import EdgeReport


def report_of(answer: bytes) -> EdgeReport:
    """Read the kernel's answer, which holds neither fills nor a path.

    Raises:
        SoakError: where package and kernel are of different versions.
    """
    try:
        return EdgeReport.model_validate_json(answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SoakError(
            f"the kernel's report does not fit this package: {where}: {first['msg']}; "
            "rebuild the kernel with: maturin develop --release"
        ) from error
