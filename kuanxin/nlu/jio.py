"""jionlp, imported once and without the advertisement that it prints."""

from __future__ import annotations

import contextlib
import io

with contextlib.redirect_stdout(io.StringIO()):
    import jionlp
    from jionlp.dictionary.dictionary_loader import traditional_simplified_loader

__all__ = ["jionlp", "traditional_simplified_loader"]
