"""A maker that leans with the book: more size on the bids than on the asks moves its quotes up."""

from __future__ import annotations

from quoting import BPS, Quoting

from pytest_soak import View


class Imbalance(Quoting):
    """Quotes round the mid plus ``lean_bps`` times the imbalance, less a skew for the position."""

    name = "imbalance"
    lean_bps = 1.5
    skew_bps = 2.0

    def centre_and_half(self, view: View, mid: float) -> tuple[float, float]:
        """Where the book says the price will go."""
        lean = self.lean_bps * (view.imbalance or 0.0) - self.skew_bps * self.share(view)
        return mid * (1.0 + lean * BPS), self.base_half_bps + view.parameters.base_spread_bps_delta


def pytest_soak_make_strategy(profile):
    """Soak this maker."""
    return Imbalance(fees=profile.fees)
