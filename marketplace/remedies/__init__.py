"""What is done about a sale's money when it goes another way: instalments, rescission, deposits used up; objections."""
