"""To what a message can be an answer, by the moment at which it was sent."""

from __future__ import annotations

import pytest

from kuanxin.conversations.timing import READING_SECONDS, came_before, seconds

SHOWN = 1764000000.4


@pytest.mark.parametrize(
    ("sent_at", "late"),
    [
        (SHOWN - 3600, True),
        (1764000000.0, True),  # whole seconds: within the second in which it was shown
        (SHOWN + READING_SECONDS - 0.1, True),
        (SHOWN + READING_SECONDS, False),
        (SHOWN + 86400, False),
    ],
)
def test_only_what_was_sent_after_the_time_to_read_is_an_answer(sent_at: float, late: bool) -> None:
    assert came_before(sent_at, SHOWN) is late


def test_what_was_never_shown_on_the_platform_is_answered_by_nothing_from_there() -> None:
    assert came_before(SHOWN, None)


def test_where_no_platform_stands_between_the_order_of_arrival_counts() -> None:
    assert not came_before(None, SHOWN)
    assert not came_before(None, None)


@pytest.mark.parametrize("given", [1764000000, "1764000000", 1764000000.0, "1764000000.000000"])
def test_platforms_write_seconds_in_several_ways(given: object) -> None:
    assert seconds(given) == 1764000000.0


@pytest.mark.parametrize("given", [None, "", "soon", "-5", "1e400", "nan", "inf", "١٧٦٤٠٠٠٠٠٠", 10**13, [], {}, True])
def test_what_is_no_moment_counts_as_long_ago(given: object) -> None:
    assert seconds(given) == 0.0
