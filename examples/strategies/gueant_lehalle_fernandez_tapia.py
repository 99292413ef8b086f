"""Gueant, Lehalle and Fernandez-Tapia (2013): the closed form for a maker that trades on for ever.

With arrivals of A exp(-k delta) a second, risk aversion gamma and volatility sigma (bps, seconds;
position q in units of its limit):

    c1 = ln(1 + gamma / k) / gamma
    c2 = sqrt(gamma / (2 A k) (1 + gamma / k) ^ (1 + k / gamma))
    half-spread = c1 + c2 sigma / 2
    skew = c2 sigma q
"""

from __future__ import annotations

import math

from quoting import BPS, Quoting

from pytest_soak import View


class GueantLehalleFernandezTapia(Quoting):
    """Half-spread and skew are both proportional to the volatility that is seen."""

    name = "gueant_lehalle_fernandez_tapia"
    gamma = 0.1
    k = 0.5
    arrivals = 1.0

    def centre_and_half(self, view: View, mid: float) -> tuple[float, float]:
        """The asymptotic quotes of the paper."""
        gamma, k = self.gamma, self.k
        c1 = math.log1p(gamma / k) / gamma
        c2 = math.sqrt(gamma / (2.0 * self.arrivals * k) * (1.0 + gamma / k) ** (1.0 + k / gamma))
        move = c2 * self._variance.sigma
        half = c1 + move / 2.0 + view.parameters.base_spread_bps_delta
        return mid * (1.0 - self.share(view) * move * BPS), half


def pytest_soak_make_strategy(profile):
    """Soak this maker."""
    return GueantLehalleFernandezTapia(fees=profile.fees)
