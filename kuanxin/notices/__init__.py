"""What is sent to a borrower, when, and sending it once. docs/notices.md"""
