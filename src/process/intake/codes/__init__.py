"""The clinic's own codes replaced by surrogates: the sealed table of both, key sheets for therapists, dates as coarse as the policy says."""
