"""What a borrower keeps of an arrangement: a confirmation and dates for the phone's calendar. Data in, bytes out."""
