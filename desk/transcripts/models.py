from __future__ import annotations

from django.conf import settings
from django.db import models


class SavedFilter(models.Model):
    """A search that a colleague wants again."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    title = models.CharField(max_length=40)
    query = models.CharField(max_length=1000)

    class Meta:
        db_table = "desk_saved_filters"
        ordering = ("title",)
        constraints = [models.UniqueConstraint(fields=("owner", "title"), name="one_title_for_each_owner")]
