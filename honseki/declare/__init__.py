"""Declarations without an engine: a tenant's graph, evaluated, kept by digest, and read from what Pulumi says."""
