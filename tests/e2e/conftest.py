"""Fixtures: the stack as declared, and, for the tests that need it, the stack running."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path

import pytest

from river import LOG_GROUP, STREAM, River
from wiring import ROOT, Stack


@pytest.fixture(scope="session")
def stack() -> Stack:
    return Stack()


@pytest.fixture(scope="session")
def binaries(stack) -> dict[str, Path]:
    """The functions' executables: of this workspace's dev profile, or those in WEIR_E2E_BINARIES/NAME/bootstrap.

    The second is how `cargo lambda build` lays them out, so WEIR_E2E_BINARIES=target/lambda tests what would be deployed.
    """
    names = [f.binary for f in stack.functions.values()]
    if given := os.environ.get("WEIR_E2E_BINARIES"):
        return {name: ROOT / given / name / "bootstrap" for name in names}
    found = workspace_programs()
    assert found.keys() >= set(names), f"cargo built {found}, the template names {names}"
    return found


@functools.cache
def workspace_programs() -> dict[str, Path]:
    """All executables of this workspace's dev profile, by name."""
    # Everything, as `make test` builds it: with another choice of packages or targets, cargo would build what they share
    # once more with other features.
    command = ["cargo", "build", "--workspace", "--all-targets", "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    programs = (m for m in messages if m.get("executable") and not m["profile"]["test"])
    return {m["target"]["name"]: Path(m["executable"]) for m in programs}


@pytest.fixture(scope="session")
def weir() -> Path:
    """The command-line program."""
    return workspace_programs()["weir"]


@pytest.fixture(scope="session")
def running(binaries, tmp_path_factory):
    fed = Stack(FlowLogGroupName=LOG_GROUP, FlowLogStreamArn=STREAM)
    river = River(fed, binaries, tmp_path_factory.mktemp("river"))
    yield river
    river.stop()


@pytest.fixture
def river(running, request):
    """The running stack, all queues empty before and after: what a test leaves behind, it must have taken or expect."""
    for inbox in ("inbox", "inbox-high"):
        running.take(inbox)
    failed = request.session.testsfailed
    yield running
    running.flow()
    waiting, refused = running.waiting(), running.refused
    for queue in running.stack.queues:
        running.take(queue)
    for gate in running.gates.values():
        gate.refused = []
    if request.session.testsfailed == failed:
        assert not waiting, f"messages left behind: {waiting}\n{running.report()}"
        assert not refused, f"the roles do not allow what the functions do: {refused}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds what the river knows to the report of a failed test."""
    outcome = yield
    report, river = outcome.get_result(), item.funcargs.get("river")
    if report.failed and river:
        report.sections.append(("the river", river.report()))
