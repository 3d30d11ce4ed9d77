"""The embedded region, the provider that serves Pulumi's AWS types in it, and what is there before Honseki comes."""
