"""A bank's sign-in page for the demo: `python -m web.demo_bank`. Lists invented borrowers and signs as a bank would."""
