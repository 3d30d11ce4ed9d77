"""The embedded region, the provider that serves Pulumi's AWS types in it, and what exists there before Honseki comes."""
