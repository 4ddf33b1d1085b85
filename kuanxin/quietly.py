"""`python -m kuanxin.quietly MODULE …` is `python -m MODULE …` without the DeprecationWarnings of its libraries.

They are addressed to the developers of these libraries and would stand between the lines that an operator reads.
"""

from __future__ import annotations

import runpy
import sys
import warnings


def hush() -> None:
    """Ignores DeprecationWarnings from here on.

    Sanic asks for them when it is imported, whatever PYTHONWARNINGS says. Matplotlib's are user warnings too, for which
    Rasa asks when it runs; they come only once, at the import. So both are imported first.
    """
    import sanic  # noqa: F401

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import matplotlib.font_manager  # noqa: F401


if __name__ == "__main__":
    hush()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
