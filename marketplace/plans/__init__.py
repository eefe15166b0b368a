"""Plans of disposal (处置计划): what is tried after what, stated before, going on by itself when a step fails."""
