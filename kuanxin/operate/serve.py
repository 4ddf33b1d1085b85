"""`python -m kuanxin.operate.serve NAME MODULE …`: `python -m MODULE …` as the server of that name.

Its log has one form, whatever its libraries would do by themselves, and its figures are shown to Prometheus.
"""

from __future__ import annotations

import os
import runpy
import sys
from functools import partial

from kuanxin import logs
from kuanxin.operate.shown import show
from kuanxin.operate.worker import end_after_the_others
from kuanxin.quietly import hush
from kuanxin.settings import read_settings


def serve(name: str, module: str) -> None:
    end_after_the_others()
    settings = read_settings()
    configure = partial(logs.configure, name, settings.log_format)
    configure()
    try:
        show(name, settings)
    except OSError as error:
        sys.exit(f"KUANXIN_METRICS_PORT: the port for {name} is not free ({error.strerror}), expected four free ones")
    if module == "rasa":
        import rasa.utils.io
        import rasa.utils.log_utils

        hush()
        # Rasa calls both when it has read its options; each would bring a form of its own
        rasa.utils.io.configure_colored_logging = lambda level: configure(level or os.environ.get("LOG_LEVEL", "INFO"))
        rasa.utils.log_utils.configure_structlog = lambda level: None
    elif module == "rasa_sdk":
        import rasa_sdk.utils

        hush()
        rasa_sdk.utils.configure_colored_logging = configure
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _, name, *sys.argv = sys.argv
    serve(name, sys.argv[0])
