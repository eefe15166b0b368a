"""What may follow a claim: late money, charges, compensation taken back, breakers, and its papers."""
