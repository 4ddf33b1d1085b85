"""The demo book that Kuanxin shows itself with: invented borrowers in every state of a loan."""

from pathlib import Path

DEMO_BOOK = Path(__file__).with_name("demo.yml")
