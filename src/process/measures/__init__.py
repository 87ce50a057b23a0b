"""What is computed: each measure is a reviewed definition (`<name>.toml`) beside its SQL (`<name>.sql`), with the statistics in plain numpy.

A measure is prepared once for all filters but the therapy-length range, and then answers any range by adding slices of prefix sums.
`process.measures.catalogue` is the way in; the kernels (`intervals`, `pomp`) can be imported alone.
"""
