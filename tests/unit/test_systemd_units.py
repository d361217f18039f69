# SPDX-License-Identifier: Apache-2.0
"""The units in etc/systemd/ are well formed, locked down, and start what there is."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge import cli as of_bridge
from bridge.service.worker import LAST_WRITE_SECONDS
from bridge.settings import Settings
from bridge.settings.values import default_database_url, default_key_file
from notifier import cli as of_notifier
from notifier.relay.relay import DEFAULT_TIMEOUT
from tests.pages import ROOT

UNITS = sorted((ROOT / "etc" / "systemd").glob("*.service"))
COMMANDS = {"notifier": of_notifier.main, "notifier-bridge": of_bridge.main}

# Of systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.resource-control(5)
KNOWN = {
    "Unit": {"After", "Description", "Documentation", "Requires", "Wants"},
    "Install": {"WantedBy"},
    "Service": {
        *("Type", "ExecStart", "ExecStartPre", "ExecReload", "Restart", "RestartSec"),
        *("TimeoutStartSec", "TimeoutStopSec", "KillMode", "KillSignal"),
        *("User", "Group", "DynamicUser", "UMask", "Environment", "EnvironmentFile"),
        *("WorkingDirectory", "StateDirectory", "StateDirectoryMode"),
        *("ConfigurationDirectory", "RuntimeDirectory", "ReadWritePaths"),
        *("LoadCredential", "AmbientCapabilities", "CapabilityBoundingSet"),
        *("NoNewPrivileges", "PrivateDevices", "PrivateTmp", "PrivateUsers"),
        *("ProtectClock", "ProtectControlGroups", "ProtectHome", "ProtectHostname"),
        *("ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables"),
        *("ProtectProc", "ProcSubset", "ProtectSystem", "RemoveIPC"),
        *("RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime"),
        *("RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute"),
        *("SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber"),
        *(
            "LimitCORE",
            "LimitNOFILE",
            "MemoryMax",
            "TasksMax",
            "IPAddressAllow",
            "IPAddressDeny",
        ),
    },
}
LOCKED = {
    "CapabilityBoundingSet": "",
    "LimitCORE": "0",
    "LockPersonality": "yes",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectSystem": "strict",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
}

on_each_unit = pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)


def settings_of(path):
    """Return (section, name, value) of every line that sets something."""
    section, found = None, []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            found.append((section, name, value))
    return found


def last(path, wanted):
    """Return what a setting is in the end."""
    (*_, value) = (value for _, name, value in settings_of(path) if name == wanted)
    return value


@on_each_unit
def test_every_setting_is_one_of_systemds_in_its_section(path):
    wrong = [
        f"[{section}] {name}"
        for section, name, _ in settings_of(path)
        if name not in KNOWN[section]
    ]

    assert not wrong


@on_each_unit
def test_a_service_may_do_what_it_must_and_no_more(path):
    kept = {name: value for _, name, value in settings_of(path) if name in LOCKED}

    assert kept == LOCKED


@on_each_unit
def test_a_service_is_no_roots_and_comes_again(path):
    names = {name for _, name, _ in settings_of(path)}

    assert names & {"User", "DynamicUser"}
    assert last(path, "Restart") in ("always", "on-failure")


@on_each_unit
def test_what_it_starts_is_there_and_takes_these_options(path):
    env, program, command, *options = shlex.split(last(path, "ExecStart"))

    shown = CliRunner().invoke(COMMANDS[program], [command, "--help"])
    assert env == "/usr/bin/env"
    assert shown.exit_code == 0
    assert all(one in shown.output for one in options if one.startswith("--"))


def test_the_relay_has_time_to_end_its_batch():
    (path,) = (one for one in UNITS if "relay" in one.name)

    assert int(last(path, "TimeoutStopSec")) > 2 * DEFAULT_TIMEOUT.total_seconds()


def the_bridge():
    (path,) = (one for one in UNITS if "bridge" in one.name)
    return path


def test_the_bridge_is_checked_before_it_starts_and_says_when_it_works():
    assert last(the_bridge(), "ExecStartPre") == "/usr/bin/env notifier-bridge check"
    assert last(the_bridge(), "Type") == "notify"
    assert last(the_bridge(), "ExecReload") == "/bin/kill -HUP $MAINPID"


def test_the_bridge_has_time_to_end_its_attempts():
    grace = Settings().delivery.grace.total_seconds()

    assert int(last(the_bridge(), "TimeoutStopSec")) >= grace + 2 * LAST_WRITE_SECONDS


def test_what_the_bridge_keeps_is_in_its_state_directory(monkeypatch):
    name, _, value = last(the_bridge(), "Environment").partition("=")
    monkeypatch.setenv(name, value.replace("%S", "/var/lib"))

    kept = default_key_file(), Path(default_database_url().removeprefix("sqlite:///"))

    assert {path.parent for path in kept} == {
        Path("/var/lib", last(the_bridge(), "StateDirectory"))
    }
