"""People 人员: how they are let in, what proves that they are themselves, and who gives them their rights."""
