from __future__ import annotations

from django.db import models


class Lesson(models.Model):
    """A message, or a part of one, with the intent that it really had. Counts once a second person agreed."""

    PROPOSED, CONFIRMED, REJECTED = "proposed", "confirmed", "rejected"

    conversation_id = models.CharField(max_length=80)
    message_id = models.CharField(max_length=64)
    text = models.CharField(max_length=500)  # masked; cut to the part that it teaches
    predicted = models.CharField(max_length=64)
    confidence = models.FloatField()
    intent = models.CharField(max_length=64)
    status = models.CharField(max_length=10, default=PROPOSED, db_index=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)
    second = models.CharField(max_length=150, blank=True)
    second_at = models.DateTimeField(null=True)
    measuring = models.BooleanField(default=False)  # for the measuring file, never for training

    class Meta:
        db_table = "desk_lessons"
        constraints = [
            models.UniqueConstraint(fields=("conversation_id", "message_id", "text"), name="one_lesson_for_each_part")
        ]


def part_from(conversation_id: str) -> None:
    """A conversation goes. Confirmed lessons stay (masked, reviewed by two) and no longer say whose words they were."""
    lessons = Lesson.objects.filter(conversation_id=conversation_id)
    lessons.exclude(status=Lesson.CONFIRMED).delete()
    for lesson in lessons:
        lesson.conversation_id, lesson.message_id = "", f"lesson-{lesson.pk}"
        lesson.save(update_fields=["conversation_id", "message_id"])
