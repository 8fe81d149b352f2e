"""The plan matrices say exactly what the source tables say."""

from __future__ import annotations

import pytest

from conferencing.enums import Conference
from conferencing.plans import (
    CONFERENCING,
    PLANS,
    PlanFeature,
    allows,
    as_markdown,
    lowest_tier_with,
    matrix,
)
from workspaces.enums import Tier

# Copied from the source document: feature, then Free, Standard, Advanced, Enterprise.
SOURCE = """
connect_calendar             yes yes yes yes
connect_google_and_microsoft no  yes yes yes
meet                         yes yes yes yes
teams                        no  yes yes yes
zoom                         no  no  yes yes
auto                         no  yes yes yes
recurring_events             yes yes yes yes
patient_scheduling           no  no  yes yes
headquarters_view            no  no  no  yes
"""
COLUMNS = ("free", "standard", "advanced", "enterprise")
CELLS = [
    (line.split()[0], tier, word == "yes")
    for line in SOURCE.strip().splitlines()
    for tier, word in zip(COLUMNS, line.split()[1:], strict=True)
]


@pytest.mark.parametrize(("feature", "tier", "expected"), CELLS)
def test_allows_as_the_source_table_says(feature, tier, expected):
    assert allows(Tier(tier), PlanFeature(feature)) is expected


def test_every_feature_stands_once_in_the_plan_table():
    assert sorted(row.feature for row in PLANS.rows) == sorted(PlanFeature)
    assert {feature for feature, _, _ in CELLS} == {feature.value for feature in PlanFeature}


def test_conferencing_rows_are_those_of_the_plan_table():
    assert [row.feature.value for row in CONFERENCING.rows] == ["meet", "teams", "zoom", "auto"]
    assert set(CONFERENCING.rows) <= set(PLANS.rows)


@pytest.mark.parametrize(
    ("feature", "tier"),
    [
        ("connect_calendar", "free"),
        ("connect_google_and_microsoft", "standard"),
        ("meet", "free"),
        ("teams", "standard"),
        ("zoom", "advanced"),
        ("auto", "standard"),
        ("recurring_events", "free"),
        ("patient_scheduling", "advanced"),
        ("headquarters_view", "enterprise"),
    ],
)
def test_lowest_tier_with_names_the_smallest_plan(feature, tier):
    assert lowest_tier_with(PlanFeature(feature)) is Tier(tier)


@pytest.mark.parametrize("feature", PlanFeature)
def test_a_larger_plan_never_loses_a_feature(feature):
    have = [allows(tier, feature) for tier in Tier]
    assert have == sorted(have)


def test_tiers_are_ranked_from_free_to_enterprise():
    ranks = {tier.value: tier.rank for tier in Tier}
    assert ranks == {"free": 0, "standard": 1, "advanced": 2, "enterprise": 3}


def test_matrix_holds_plain_values_of_both_tables():
    found = matrix()
    assert list(found) == ["conferencing", "plans"]
    assert [len(rows) for rows in found.values()] == [4, 9]
    assert found["conferencing"][2] == {
        "feature": "zoom",
        "label": "Zoom",
        "tiers": {"free": False, "standard": False, "advanced": True, "enterprise": True},
        "lowestTier": "advanced",
    }
    for row in found["plans"]:
        assert all(type(value) is bool for value in row["tiers"].values())
        assert all(type(key) is str for key in row["tiers"])


def test_as_markdown_prints_both_tables():
    lines = as_markdown().splitlines()
    assert lines[:6] == [
        "| Conferencing | Free | Standard | Advanced | Enterprise |",
        "| --- | :-: | :-: | :-: | :-: |",
        "| Google Meet | ✅ | ✅ | ✅ | ✅ |",
        "| Microsoft Teams | — | ✅ | ✅ | ✅ |",
        "| Zoom | — | — | ✅ | ✅ |",
        "| Conference auto-route | — | ✅ | ✅ | ✅ |",
    ]
    assert lines[6] == ""
    assert lines[7] == "| Plans | Free | Standard | Advanced | Enterprise |"
    assert lines[-1] == "| Multi-workspace HQ view | — | — | — | ✅ |"
    assert len(lines) == 6 + 1 + 2 + 9


def test_conference_values_are_those_of_the_api():
    assert Conference.values == ["none", "meet", "teams", "zoom", "auto"]
