"""What deciders proposed and offered. The decision itself is an event of the loan; here stands who and why."""

from __future__ import annotations

from django.db import models


class Proposal(models.Model):
    """An approval above the limit: proposed by one, confirmed by another. One for each arrangement, ever."""

    arrangement_id = models.CharField(max_length=128, unique=True)
    by = models.CharField(max_length=150)
    reason = models.TextField()
    at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        db_table = "desk_proposals"


class CounterOffer(models.Model):
    """Another plan that a decider offered instead; a request that consents to it is known by its hash."""

    arrangement_id = models.CharField(max_length=128)
    quote_hash = models.CharField(max_length=128, unique=True)
    by = models.CharField(max_length=150)
    reason = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "desk_counter_offers"
