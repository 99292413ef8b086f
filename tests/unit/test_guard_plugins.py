from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pluggy
import pytest

from pytest_soak import hookspecs
from pytest_soak.domain.decision import collected
from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import Action, Opinion
from pytest_soak.guards import BUILT_IN
from tests.rules_kit import context

PROPOSAL = {"min_interval_ms": 5.0, "impact_cap_ratio": -0.01}


def manager() -> pluggy.PluginManager:
    made = pytest.PytestPluginManager()
    made.add_hookspecs(hookspecs)
    for name, module in BUILT_IN.items():
        made.register(import_module(module), name)
    return made


@pytest.mark.parametrize(("name", "module"), BUILT_IN.items())
def test_a_guard_signs_with_its_plugin_name(name: str, module: str) -> None:
    said = import_module(module).pytest_soak_guard(context(3, proposal=PROPOSAL))
    assert {opinion.guard for opinion in said} == {name}


def test_as_plugins_all_of_them_speak() -> None:
    said = collected(manager().hook.pytest_soak_guard(context=context(3, proposal=PROPOSAL)))
    assert {opinion.guard for opinion in said} == set(BUILT_IN)


def test_at_the_start_only_the_state_guard_speaks() -> None:
    said = collected(manager().hook.pytest_soak_guard(context=context(3, moment="start")))
    assert {opinion.guard for opinion in said} == {"soak_state"}


def test_a_users_guard_is_asked_before_the_built_in_ones() -> None:
    class Users:
        @staticmethod
        def pytest_soak_guard(context: GuardContext) -> Opinion:
            return Opinion(guard="users", parameter=None, action=Action.ALLOW, reason=context.moment)

    made = pytest.PytestPluginManager()
    made.add_hookspecs(hookspecs)
    made.register(Users(), "users")
    for name, module in BUILT_IN.items():
        made.register(import_module(module), name)
    said = collected(made.hook.pytest_soak_guard(context=context(3, proposal=PROPOSAL)))
    assert said[0].guard == "users"


def test_the_names_are_known_without_importing_a_guard() -> None:
    code = "import sys, pytest_soak.guards; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
