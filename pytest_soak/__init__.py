"""pytest-soak: soak market-making strategies as pytest items."""
