"""The expert base (专家库): who can judge, who may not in a given matter, and panels drawn by lot."""
