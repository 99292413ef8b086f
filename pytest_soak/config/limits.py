"""Limits and names that several packages share, each defined only here."""

from __future__ import annotations

LONGEST_NAME = 64
"""Characters of the name of a profile, a scenario or a recording, at most."""

ARTIFACTS = "artifacts/soak"
"""The folder of runs and artifacts where none is named, below the project's."""

PROFILES = "soak_profiles"
"""The folder of a project's own profiles, and the package of those that ship."""

SCENARIOS = f"{PROFILES}/scenarios"
"""The folder of a project's own scenarios."""

LATEST = "latest"
"""The run that is meant where this stands for its name, and the link to its folder."""

DASHBOARD_PORT, EXPORTER_PORT = 5000, 9090
"""Ports where none is asked for; of the dashboard the next one that is free is taken."""

OVERRIDES = "MM_RUNTIME_OVERRIDES_JSON"
"""The variable of the environment that holds overrides of parameters, as JSON."""

POSITION = "carry"
"""What becomes of position and orders at the end of an iteration, where nothing is asked for."""
