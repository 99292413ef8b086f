from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_soak.config.overrides import Shadowed, read_current, resolve
from pytest_soak.config.profiles import LoadedProfile, load_profile, profile_hash
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.settings import GateSettings, Profile
from pytest_soak.store.exports.artifacts import render_overrides


def profile_with(**parameters: float) -> LoadedProfile:
    profile = Profile(schema_version=1, name="own", parameters=parameters, gates=GateSettings(thresholds={}))
    return LoadedProfile(profile, "own.toml", profile_hash(profile))


def overrides_file(folder: Path, content: str | bytes) -> Path:
    path = folder / "runtime_overrides.json"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def test_profile_beats_environment_beats_file(tmp_path: Path) -> None:
    """TEST-5."""
    file = overrides_file(tmp_path, '{"min_interval_ms": 60}')
    profile, env = profile_with(min_interval_ms=75.0), '{"min_interval_ms": 70}'
    assert resolve((), profile, env, file).values["min_interval_ms"] == 75.0
    assert resolve((), None, env, file).values["min_interval_ms"] == 70.0
    assert resolve((), None, None, file).values["min_interval_ms"] == 60.0
    assert resolve((), None, None, None).values == DEFAULTS
    assert resolve(("min_interval_ms=80",), profile, env, file).values["min_interval_ms"] == 80.0


def test_sources_and_shadowed_values_are_named(tmp_path: Path) -> None:
    file = overrides_file(tmp_path, '{"min_interval_ms": 60, "tail_age_ms": 640}')
    resolved = resolve(
        (" tail_age_ms = 6.5e2 ",), profile_with(min_interval_ms=75.0), '{"min_interval_ms": 70}', file
    )
    assert resolved.values == {**DEFAULTS, "min_interval_ms": 75.0, "tail_age_ms": 650.0}
    assert resolved.sources["min_interval_ms"] == "profile own"
    assert resolved.sources["tail_age_ms"] == "--soak-override"
    assert resolved.sources["max_delta_ratio"] == "default"
    assert resolved.shadowed == (
        Shadowed("min_interval_ms", 70.0, "MM_RUNTIME_OVERRIDES_JSON", "profile own"),
        Shadowed("min_interval_ms", 60.0, str(file), "profile own"),
        Shadowed("tail_age_ms", 640.0, str(file), "--soak-override"),
    )


def test_what_is_absent_or_empty_is_no_source(tmp_path: Path) -> None:
    for env in (None, "", "  \n"):
        resolved = resolve((), None, env, tmp_path / "none.json")
        assert set(resolved.sources.values()) == {"default"}
        assert resolved.shadowed == ()
    assert resolve((), None, "{}", None).values == DEFAULTS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tail_age_ms", "not KEY=VALUE"),
        ("", "not KEY=VALUE"),
        ("=5", "not KEY=VALUE"),
        ("tail_age=600", "unknown parameter 'tail_age'; known are min_interval_ms"),
        ("tail_age=600", "did you mean 'tail_age_ms'?"),
        ("tail_age=x", "unknown parameter 'tail_age'"),
        ("tail_age_ms=", "'' is not a number from 500 to 800 ms"),
        ("tail_age_ms=fast", "'fast' is not a number from 500 to 800 ms"),
        ("tail_age_ms=nan", "'nan' is not a number"),
        ("tail_age_ms=inf", "'inf' is not a number"),
        ("tail_age_ms=6_00", "'6_00' is not a number"),
        ("tail_age_ms=\u0666\u0660\u0660", "is not a number"),
        ("tail_age_ms=600=601", "is not a number"),
        ("tail_age_ms=499", "tail_age_ms = 499.0 is out of bounds; accepted is a number from 500 to 800 ms"),
        ("tail_age_ms=1e999", "out of bounds"),
        ("tail_age_ms=true", "'true' is not a number"),
    ],
)
def test_a_bad_option_says_what_is_accepted(text: str, said: str) -> None:
    with pytest.raises(SoakConfigError) as caught:
        resolve((text,), None, None, None)
    assert str(caught.value).startswith("--soak-override")
    assert said in str(caught.value)
    assert str(caught.value).isascii()


def test_the_same_key_twice_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(SoakConfigError, match="tail_age_ms is given twice"):
        resolve(("tail_age_ms=600", "tail_age_ms=600"), None, None, None)


BAD_OBJECTS = [
    ("{", "invalid JSON at line 1"),
    ("tail_age_ms=600", "invalid JSON"),
    ("[]", r"\[\] is not an object"),
    ("5", "5 is not an object"),
    ("null", "None is not an object"),
    ('"x"', "'x' is not an object"),
    ('{"tail_age": 600}', "unknown parameter 'tail_age'.*did you mean 'tail_age_ms'"),
    ('{"tail_age_ms": 1000}', "tail_age_ms = 1000 is out of bounds; accepted is a number from 500 to 800 ms"),
    ('{"tail_age_ms": true}', "tail_age_ms = True is not a number from 500"),
    ('{"tail_age_ms": "600"}', "tail_age_ms = '600' is not a number from 500"),
    ('{"tail_age_ms": null}', "tail_age_ms = None is not a number"),
    ('{"tail_age_ms": [600]}', r"tail_age_ms = \[600\] is not a number"),
    ('{"tail_age_ms": NaN}', r"\$.tail_age_ms = NaN is refused"),
    ('{"tail_age_ms": 1e999}', r"\$.tail_age_ms = 1e999 is refused"),
    ('{"tail_age_ms": 600, "tail_age_ms": 601}', "is there twice"),
    ("[" * 5000, "nested too deeply"),
    (" " * 70_000, "too many|too large"),
]


@pytest.mark.parametrize(("content", "said"), BAD_OBJECTS)
def test_a_bad_environment_variable_is_an_error(content: str, said: str) -> None:
    if not content.strip():
        content += "{}"
    with pytest.raises(SoakConfigError, match=f"^MM_RUNTIME_OVERRIDES_JSON: .*(?:{said})"):
        resolve((), profile_with(tail_age_ms=600.0), content, None)


@pytest.mark.parametrize(("content", "said"), [*BAD_OBJECTS, ("", "invalid JSON"), ("\0", "invalid JSON")])
def test_a_bad_overrides_file_is_an_error_even_where_it_is_shadowed(
    content: str, said: str, tmp_path: Path
) -> None:
    file = overrides_file(tmp_path, content)
    with pytest.raises(SoakConfigError, match=said) as caught:
        resolve((), load_profile("steady_safe"), None, file)
    assert str(caught.value).startswith(f"{file}: ")


def test_a_dangling_link_is_not_taken_for_an_absent_file(tmp_path: Path) -> None:
    link = tmp_path / "runtime_overrides.json"
    link.symlink_to(tmp_path / "none")
    with pytest.raises(SoakConfigError, match="no such file"):
        read_current(link)
    with pytest.raises(SoakConfigError, match="not a regular file"):
        read_current(tmp_path)


def test_our_own_export_is_read_back(tmp_path: Path) -> None:
    file = overrides_file(tmp_path, render_overrides({**DEFAULTS, "tail_age_ms": 680}))
    assert read_current(file) == {**DEFAULTS, "tail_age_ms": 680.0}
    assert resolve((), None, None, file).values["tail_age_ms"] == 680.0


def test_a_tampered_export_is_refused_and_says_how_to_do_it_on_purpose(tmp_path: Path) -> None:
    content = render_overrides(DEFAULTS).replace(b"620.0", b"680.0")
    file = overrides_file(tmp_path, content)
    with pytest.raises(SoakConfigError, match=r"changed since it was exported.*write the parameters alone"):
        resolve((), None, None, file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 2}, "schema_version = 2 is refused; accepted is 1"),
        ({"schema_version": True}, "schema_version = True is refused"),
        ({"sha256": None}, "changed since it was exported"),
        ({"parameters": []}, "parameters: .* is not an object"),
        ({"parameters": {"tail_age_ms": 1}}, "out of bounds"),
        ({"note": 1}, "neither an export .* nor parameters alone"),
        ({"tail_age_ms": 600}, "neither an export .* nor parameters alone"),
    ],
)
def test_a_malformed_export_is_refused(change: dict[str, object], said: str, tmp_path: Path) -> None:
    content = json.loads(render_overrides(DEFAULTS)) | change
    with pytest.raises(SoakConfigError, match=said):
        read_current(overrides_file(tmp_path, json.dumps(content)))
