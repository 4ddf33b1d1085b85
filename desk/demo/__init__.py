"""Demo logins and demo conversations, over a demo book only. Everything in here is marked as demo (演示)."""
