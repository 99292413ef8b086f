"""The plainest maker: the same distance on both sides of the mid, whatever the position."""

from __future__ import annotations

from quoting import Quoting

from pytest_soak import View


class Symmetric(Quoting):
    """Quotes round the mid; the position is held by its limit alone."""

    name = "symmetric"

    def centre_and_half(self, view: View, mid: float) -> tuple[float, float]:
        """Mid and a fixed half-spread."""
        return mid, self.base_half_bps + view.parameters.base_spread_bps_delta


def pytest_soak_make_strategy(profile):
    """Soak this maker."""
    return Symmetric(fees=profile.fees)
