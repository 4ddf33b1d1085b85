"""Negotiating relief: the form from a wish to a quote to consent (`relief_form` in domain.yml)."""
