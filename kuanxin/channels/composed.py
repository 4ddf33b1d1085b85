"""What our own connectors have in common: the services of this process, or those that a test hands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rasa.core.channels.channel import InputChannel

from kuanxin.bootstrap import services

if TYPE_CHECKING:
    from kuanxin.bootstrap import Services


class ComposedChannel(InputChannel):
    """Rasa makes it without arguments from credentials.yml; nothing is composed before `parts` is asked for."""

    def __init__(self, composed: Services | None = None) -> None:
        self._composed = composed

    @property
    def parts(self) -> Services:
        """Raises SettingsError where a setting or the policy cannot be used."""
        return self._composed or services()
