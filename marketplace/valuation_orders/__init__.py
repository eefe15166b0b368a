"""Valuations that a bank asks a valuer for (委托评估): ordered, handed in with the report, declined, withdrawn."""
