"""An operator's own loan book: brought in all or nothing, taken out again, looked at."""
