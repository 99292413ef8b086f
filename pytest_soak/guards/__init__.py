"""Built-in guards: one module each, registered as a separate plugin, so that each can be switched off."""

from __future__ import annotations

from collections.abc import Mapping

BUILT_IN: Mapping[str, str] = {
    "soak_state": "pytest_soak.guards.state",
    "soak_panic": "pytest_soak.guards.panic",
    "soak_late": "pytest_soak.guards.late",
    "soak_cooldown": "pytest_soak.guards.cooldown",
    "soak_freeze": "pytest_soak.guards.freeze",
    "soak_oscillation": "pytest_soak.guards.oscillation",
    "soak_velocity": "pytest_soak.guards.velocity",
    "soak_idempotency": "pytest_soak.guards.idempotency",
}
"""Plugin name, as ``-p no:NAME`` takes it, and the module that implements the guard."""
