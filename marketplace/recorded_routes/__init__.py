"""Routes that are recorded only (质权转股权、投贷联动、资产证券化): their money counts as recovered."""
