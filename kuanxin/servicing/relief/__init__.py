"""The kinds of help, a module each: what the policy allows, and what each does to a schedule."""
