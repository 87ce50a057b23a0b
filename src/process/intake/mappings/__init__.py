"""Mapping files: their language, read and checked; drafts of new ones; and what one still lacks, in words."""
