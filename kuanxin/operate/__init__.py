"""Setting up and starting: `python -m kuanxin.operate prepare|train|announce|model`."""
