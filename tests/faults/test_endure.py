"""The hour of bench/endure.py in a minute: faults of every kind under borrowers who talk, and nothing is lost."""

from __future__ import annotations

from bench.endure import endure


def test_nothing_is_lost_doubled_or_half_agreed() -> None:
    found = endure(minutes=1)
    assert len(found.faults) >= 7
    assert len(found.said) > 50
    assert found.agreed
    assert not found.lost
    assert not found.doubled
    assert not found.lost_agreements
    assert not found.half_agreements
