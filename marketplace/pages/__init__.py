"""What every page for people shares: the template environment, the layout, formats and the bilingual vocabulary."""
