"""The terminal chat: `python -m kuanxin.chat`."""
