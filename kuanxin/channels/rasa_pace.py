"""Two of Rasa's functions work out the same thing at every call, for most of a turn's time; here they remember it.

- `RemoteAction._validate_action_result` checks the answer of the action server against a fixed schema, and each time
  checks first whether that schema is itself well-formed: about nine tenths of a turn with rules only.
- `Event.resolve_by_type` walks over all kinds of events for every event that is read from the tracker store.

What they decide stays the same (tests/channels/test_rasa_pace.py holds both versions side by side).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event


def remember() -> None:
    """For this process; doing it again changes nothing."""
    if not hasattr(Event.resolve_by_type, "cache_info"):
        Event.resolve_by_type = staticmethod(lru_cache(maxsize=None)(Event.resolve_by_type))
        RemoteAction._validate_action_result = staticmethod(_valid_answer)


def _valid_answer(answer: Any) -> bool:
    """Raises jsonschema.ValidationError."""
    _validator().validate(answer)
    return True


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = RemoteAction.action_response_format_spec()
    return validator_for(schema)(schema)
