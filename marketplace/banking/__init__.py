"""Banking (资金收付): bank statements in, payment files out, and the register of accounts that money may leave to."""
