"""Avellaneda and Stoikov (2008): quotes round a reservation price that leans against the position.

Prices are measured in bps of the mid and the position in units of its limit. With risk aversion gamma,
variance sigma^2 a second, a horizon of tau seconds and an arrival decay k:

    reservation = mid - q gamma sigma^2 tau
    half-spread = gamma sigma^2 tau / 2 + ln(1 + gamma / k) / gamma
"""

from __future__ import annotations

import math

from quoting import BPS, Quoting

from pytest_soak import View


class AvellanedaStoikov(Quoting):
    """The paper's maker with a horizon that moves along, as an exchange does not close."""

    name = "avellaneda_stoikov"
    gamma = 0.1
    k = 0.45
    tau_s = 10.0

    def centre_and_half(self, view: View, mid: float) -> tuple[float, float]:
        """Reservation price and half-spread of the paper."""
        risk = self.gamma * self._variance.value * self.tau_s
        half = risk / 2.0 + math.log1p(self.gamma / self.k) / self.gamma
        return mid * (1.0 - self.share(view) * risk * BPS), half + view.parameters.base_spread_bps_delta


def pytest_soak_make_strategy(profile):
    """Soak this maker."""
    return AvellanedaStoikov(fees=profile.fees)
