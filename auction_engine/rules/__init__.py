"""The reference model: pure rules, each with a Lua twin of the same name."""
