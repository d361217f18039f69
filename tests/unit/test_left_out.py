# SPDX-License-Identifier: Apache-2.0
"""A run says what it leaves out, and fails for it where everything is required."""

import os
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT

# Not "pytest.skip" and not as a mark: this file is looked through for those.
LEAVES_OUT = """
import pytest

leave_out = pytest.skip
expect_failure = pytest.mark.xfail(reason="expected")

def test_skipped():
    leave_out("skipped")

@expect_failure
def test_expected():
    assert False

def test_good():
    pass
"""


LEAVES_ITSELF_OUT = """
import pytest

leave_out = pytest.skip
leave_out("whole", allow_module_level=True)
"""


@pytest.fixture
def run(tmp_path):
    """Run tests that leave out two of three, by this suite's rules."""
    file = tmp_path / "test_some.py"

    def run(text=LEAVES_OUT, **environment):
        file.write_text(text)
        required = ("CI", "REQUIRE_ALL", "PYTEST_ADDOPTS")
        rest = {k: v for k, v in os.environ.items() if k not in required}
        options = ["-p", "tests.conftest", "-p", "no:cacheprovider"]
        options += ["-c", f"{ROOT}/pyproject.toml", "--rootdir", str(tmp_path)]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, str(file)],
            cwd=ROOT,
            env={**rest, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_what_is_left_out_is_said(run):
    done = run()

    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "left out: 2 tests, see above"


@pytest.mark.parametrize("required", [{"CI": "true"}, {"REQUIRE_ALL": "1"}])
def test_what_is_left_out_fails_a_run_of_everything(run, required):
    done = run(**required)

    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "2 failed, 1 passed" in done.stdout
    assert "left out: test_some.py::test_skipped: Skipped: skipped" in done.stdout
    assert "left out: test_some.py::test_expected: expected" in done.stdout


@pytest.mark.parametrize(
    ("required", "status", "said"),
    [
        ({}, pytest.ExitCode.NO_TESTS_COLLECTED, "left out: 1 tests, see above"),
        ({"CI": "true"}, pytest.ExitCode.INTERRUPTED, "left out: test_some.py: "),
    ],
    ids=["anywhere", "in-ci"],
)
def test_a_file_that_leaves_itself_out_is_left_out_too(run, required, status, said):
    done = run(LEAVES_ITSELF_OUT, **required)

    assert done.returncode == status
    assert said in done.stdout


@pytest.mark.parametrize(
    ("required", "status"), [({}, 0), ({"CI": "true"}, 1), ({"REQUIRE_ALL": "1"}, 1)]
)
def test_an_audit_that_nobody_answers_is_said_and_fails_where_all_is_required(
    tmp_path, required, status
):
    """As `.ci/audit` runs, with a pip-audit that reaches nobody."""
    for name, text in (
        (".ci/audit", (ROOT / ".ci/audit").read_text()),
        (".venv/bin/python", "#!/bin/sh\necho lib\n"),
        (".venv-audit/bin/pip-audit", "#!/bin/sh\nexit 1\n"),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
        file.chmod(0o755)

    done = subprocess.run(
        [tmp_path / ".ci/audit"],
        env={"PATH": os.environ["PATH"], **required},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status
    assert done.stdout.startswith("LEFT OUT: make audit; no list of vulnerabilities")
