"""Due diligence (尽职调查): runs of the eligibility rules with their results kept, and overrides by a checker."""
