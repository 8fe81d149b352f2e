"""Whatever a provider does, nothing is lost, doubled, free by mistake, or without a way on.

What happens is written in `docs/providers.md`, which has to say just that: `python -m
tests.failures` writes it anew.
"""

from __future__ import annotations

import os

import pytest

from tests.failures import document
from tests.failures.flows import FLOWS
from tests.failures.matrix import record


@pytest.mark.parametrize("flow", FLOWS, ids=[flow.name for flow in FLOWS])
def test_flow_bears_every_fault_and_the_document_says_how(flow, make_scene, ear):
    recorded = []
    for provider in flow.providers:
        with make_scene(provider, flow) as scene:
            recorded.append(record(scene, flow, ear))

    problems = [problem for one in recorded for problem in one.problems]
    assert not problems, "\n".join(problems)
    section = document.section_of(flow.name, recorded)
    if os.environ.get(document.WRITE):
        document.put(flow.name, section, [one.name for one in FLOWS])
    assert document.read(flow.name) == section


def test_document_tells_of_every_flow_and_no_other():
    assert document.flows_told() == [flow.name for flow in FLOWS]
