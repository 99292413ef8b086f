from __future__ import annotations

import json
import tempfile
from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soak.config.overrides import resolve
from pytest_soak.config.profiles import LoadedProfile, profile_hash
from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.domain.settings import GateSettings, Profile

# Strongest first; "default" is always there.
SOURCES = ("option", "profile", "environment", "file")
NAMES = {"option": "--soak-override", "profile": "profile own", "environment": "MM_RUNTIME_OVERRIDES_JSON"}
SUBSETS = list(chain.from_iterable(combinations(SOURCES, size) for size in range(len(SOURCES) + 1)))

LAYER = st.fixed_dictionaries(
    {}, optional={name: st.floats(p.low, p.high, allow_nan=False) for name, p in PARAMETERS.items()}
)


def profile_of(parameters: dict[str, float]) -> LoadedProfile:
    profile = Profile(schema_version=1, name="own", parameters=parameters, gates=GateSettings(thresholds={}))
    return LoadedProfile(profile, "own.toml", profile_hash(profile))


@pytest.mark.parametrize("present", SUBSETS, ids=lambda subset: "+".join(subset) or "none")
@settings(max_examples=25)
@given(layers=st.fixed_dictionaries(dict.fromkeys(SOURCES, LAYER)))
def test_the_strongest_source_that_has_a_key_wins(
    present: tuple[str, ...], layers: dict[str, dict[str, float]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "runtime_overrides.json")
        if "file" in present:
            file.write_text(json.dumps(layers["file"]), encoding="utf-8")
        resolved = resolve(
            [f"{k}={v!r}" for k, v in layers["option"].items()] if "option" in present else [],
            profile_of(layers["profile"]) if "profile" in present else None,
            json.dumps(layers["environment"]) if "environment" in present else None,
            file,
        )
        names = NAMES | {"file": str(file)}
    expected_shadowed = []
    for key in PARAMETERS:
        having = [source for source in SOURCES if source in present and key in layers[source]]
        if not having:
            assert (resolved.values[key], resolved.sources[key]) == (DEFAULTS[key], "default")
            continue
        winner = having[0]
        assert (resolved.values[key], resolved.sources[key]) == (layers[winner][key], names[winner])
        expected_shadowed += [(key, layers[s][key], names[s], names[winner]) for s in having[1:]]
    found = [(s.parameter, s.value, s.source, s.by) for s in resolved.shadowed]
    assert found == expected_shadowed
    assert list(resolved.values) == list(resolved.sources) == list(PARAMETERS)
